/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client as the core sees it, whatever carries its bytes: who it is, what it watches, its transactions, and the
 * output that is waiting for it. Whoever carries the bytes embeds this structure, takes the output away and hands
 * requests in. Pure.
 *
 * The output of a domain's ring is part of what survives the server (see journal.h): there each message is journalled
 * as it is queued.
 */
#ifndef HAVEN_XENSTORE_CONNECTION_H
#define HAVEN_XENSTORE_CONNECTION_H

#include "xenstore/perms.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct watch;
struct transaction;

struct output {
    char *bytes;
    size_t start, end, space; /* what waits lies from start to end */
    uint64_t sent;            /* bytes taken away so far */
};

struct connection {
    struct store *store;
    struct actor actor;
    bool ring;     /* of a domain; otherwise a socket */
    char base[24]; /* what relative names are relative to */
    unsigned base_length;
    struct output out;
    void (*send)(struct connection *connection); /* takes output away, as far as the other side can take it */
    bool dirty;                                  /* in the store's list of those with new output */
    struct connection *next_dirty;
    struct watch *watches;
    struct transaction *transactions;
    uint32_t last_transaction;
    unsigned conflicts; /* transactions in a row that had to be tried again */
};

void connection_init(struct connection *connection, struct store *store, unsigned domid, bool ring);
/* Forgets watches, transactions and output: what a client asks for, what a reconnect does. */
void connection_reset_watches(struct connection *connection);
void connection_close(struct connection *connection);

void connection_reply(struct connection *connection, uint32_t type, uint32_t req_id, uint32_t tx_id,
                      const void *payload, size_t length);
/* An event: path and token, neither terminated. Position is where the message will end in the whole output. */
uint64_t connection_event(struct connection *connection, const char *path, size_t path_length, const char *token,
                          size_t token_length);

/* Output: how much waits, and where; the first of it has been taken; there shall be none. */
static inline size_t output_waiting(const struct output *out)
{
    return out->end - out->start;
}
void output_append(struct output *out, const void *a, size_t a_length, const void *b, size_t b_length);
void output_taken(struct output *out, size_t length);
void output_free(struct output *out);

#endif
