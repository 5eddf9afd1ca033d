/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's connection: the page it shares with the server, two rings of 1024 bytes. The domain may write anything
 * there at any time: its indices are read once, checked against ours (which are kept here and only written to the
 * page), and bytes are copied out before they are looked at. Who breaks the rules is not served any more until it is
 * introduced or reconnects. No hypercalls here: pages come from domains.c, or from a test.
 *
 * A whole message is left in the ring until it has been handled and that is in the journal; a part of one is taken and
 * journalled. So what a server that was killed had read can be read again by the next one. The
 * replies that were queued but not yet in the page are in the journal too; how far they had got the page itself tells.
 *
 * So the page may say nothing that the journal does not know of. A ring that is emptied is recorded as such first, as
 * due; then, when that counts, the page is emptied; then, when it counts that this is done, the page says "connected".
 * A server that follows in between empties the page (again): the domain waits for that word, or has not been started.
 */
#ifndef HAVEN_XENSTORE_RING_H
#define HAVEN_XENSTORE_RING_H

#include "xenstore/connection.h"
#include "xenstore/wire.h"
#include <stdbool.h>
#include <time.h>

struct ring {
    struct connection connection;
    volatile struct xenstore_domain_interface *page; /* NULL: not mapped */
    uint32_t request_consumed, reply_produced;
    size_t in_length;  /* taken of a message that is not complete */
    bool ignored;      /* it broke the rules */
    bool reset_due;    /* emptied, but the page does not say so yet: not served until then */
    time_t complained; /* when that was logged last */
    bool moved;        /* something for the domain to see: to be notified */
    char in[WIRE_MESSAGE_MAX];
};

/* The page has been mapped: a domain that is new to us, whose indices are taken as they are. */
void ring_start(struct ring *ring, volatile struct xenstore_domain_interface *page);
/* The same for one that the journal knows: false if the page does not go with it. */
bool ring_resume(struct ring *ring, volatile struct xenstore_domain_interface *page);
/* Empties both rings and forgets what was under way, watches and transactions too. */
void ring_reset(struct ring *ring);
/* The second half, when the first one is committed: the page is emptied and says "connected". */
void ring_finish_reset(struct ring *ring);

/* Handles one message, if there is a whole one: true. */
bool ring_handle_one(struct ring *ring);
/* Whether there may be something to handle. */
bool ring_has_input(const struct ring *ring);
/* Moves queued output to the page. */
void ring_send(struct ring *ring);

/* Whether the domain asks to start anew; done so. */
bool ring_wants_reconnect(const struct ring *ring);

#endif
