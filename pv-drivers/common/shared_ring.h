/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back end's side of a ring shared with a front end (<xen/io/ring.h>: struct sring of blkif, netif). Generic over
 * the size of its slots. The page belongs to the guest too and may change at any moment: each request is copied out
 * once and only the copy is looked at; both counters of ours are private and the guest's are read once each.
 *
 * Answers are given in the order of the requests. So the ring itself says what a back end that died still owes: all
 * from rsp_prod on, unharmed, and shared_ring_attach begins there. (With answers out of order they would overwrite
 * requests that are not answered yet.) A process may be killed between any two instructions: see shared_ring.c.
 *
 * Pure. One thread per ring.
 */
#ifndef HAVEN_PV_DRIVERS_COMMON_SHARED_RING_H
#define HAVEN_PV_DRIVERS_COMMON_SHARED_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shared_ring {
    uint8_t *page;      /* the mapped ring: struct sring's header, then the slots */
    uint32_t slots;     /* a power of two */
    uint32_t slot_size; /* bytes: sizeof(union of request and response) */
    uint32_t taken;     /* requests copied out (req_cons) */
    uint32_t answered;  /* answers written: always the page's rsp_prod */
    uint32_t notified;  /* answers of which the guest was told by an event, or did not want to be */
    uint32_t damaged;   /* after attach: so many of the next requests may be overwritten by a group of answers that was
                         * not published; the caller answers them with an error, whatever they say */
};

#define SHARED_RING_ANSWER_MAX 20 /* bytes of a response */

enum shared_ring_taken { RING_EMPTY, RING_TAKEN, RING_BROKEN /* more requests than slots: the front end lies */ };

/* Begins where the last back end ended. false: its rsp_prod and req_prod cannot be (more than a ring apart). The caller
 * publishes once afterwards, even if it has answered nothing: events may be missing too. */
bool shared_ring_attach(struct shared_ring *ring, void *page, size_t bytes, uint32_t slot_size);

/* Copies the next request out: size bytes, at most slot_size. */
enum shared_ring_taken shared_ring_take(struct shared_ring *ring, void *request, uint32_t size);
/* How many requests wait (for receive buffers, which are taken as they are needed); RING_BROKEN shows as UINT32_MAX. */
uint32_t shared_ring_waiting(const struct shared_ring *ring);

/* Answers the oldest request that is not answered. The guest may see it at once, and is told with the next publish. */
void shared_ring_answer(struct shared_ring *ring, const void *response, uint32_t size);
/* Answers count requests at once: the guest sees none of them or all (a packet of several receive buffers). A process
 * killed inside leaves damaged requests. */
void shared_ring_answer_group(struct shared_ring *ring, const void *responses, uint32_t count, uint32_t size);
/* Ends a batch of answers; true if the guest wants to be notified of one of them. */
bool shared_ring_publish(struct shared_ring *ring);
/* Asks to be notified of the next request, and says whether one came meanwhile (then take on, no event will come). */
bool shared_ring_sleep(struct shared_ring *ring);
/* The same until count requests wait, at most as many as there are slots. */
bool shared_ring_sleep_until(struct shared_ring *ring, uint32_t count);

#endif
