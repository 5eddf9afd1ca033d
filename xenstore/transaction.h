/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions. At its start one takes a reference of the tree as it stands, twice: the base, which stays, and the
 * view, in which its requests read and write. It notes which nodes it looked at, and how, and what it changed.
 *
 * At the end each node it looked at is compared between the base and the store of now: when what it saw of all of them
 * is the same, doing its changes now, one after the other, gives what it would have given alone. Otherwise it is told
 * to try again. What it saw may be that a node exists or does not, the node itself (value and permissions), or the set
 * of its children. So those who make nodes in the same directory do not disturb each other, unless they list it.
 *
 * A transaction that was open when the server died is doomed: its successor cannot know what the client saw. Its
 * requests are answered, and its end says "again".
 *
 * A base keeps what the store has changed or removed since, which may be as much as the whole tree, for each
 * transaction of each guest. So when a mebibyte of nodes (STORE_KEPT_MAX) was left to them, all are renewed: a
 * transaction that would be committed now goes on as if it had begun now, with its changes done again in a new view;
 * another one is doomed, as it would be at its end in any case. A client notices nothing of it. What a view copies for
 * changes in it is charged to the client. Pure.
 */
#ifndef HAVEN_XENSTORE_TRANSACTION_H
#define HAVEN_XENSTORE_TRANSACTION_H

#include "xenstore/store.h"
#include <stdbool.h>
#include <stdint.h>

struct connection;

enum { SAW_EXISTENCE = 1, SAW_NODE = 2, SAW_CHILDREN = 4 };

struct access {
    uint32_t hash;
    uint16_t length;
    uint8_t saw;
    const char *path;
};

struct recorded_change {
    enum change_type type;
    int owner;
    uint32_t length, value_length;
    const char *path, *value;
    struct perms *perms;
};

struct transaction_delta {
    unsigned domid;
    long nodes;
};

struct transaction {
    uint32_t id;
    uint16_t owner;
    bool doomed;
    struct transaction *next;                /* of its connection */
    struct transaction *store_next, **place; /* of the store */
    struct store *store;
    struct tree base, view;
    struct access *access;
    uint32_t access_count, access_space, *access_index; /* index of twice the space */
    struct recorded_change *change;
    uint32_t change_count, change_space;
    struct transaction_delta *delta;
    uint32_t delta_count;
    struct transaction_arena *arena; /* for names and values */
    size_t memory;                   /* charged to the client: what is noted, and what the view copied */
    size_t copied;                   /* by the view */
};

/* id 0: the connection's next one. */
struct transaction *transaction_start(struct connection *connection, uint32_t id);
struct transaction *transaction_find(const struct connection *connection, uint32_t id);
void transaction_abort(struct connection *connection, struct transaction *transaction);
/* Does its changes to the store and ends it in any case: 0, EAGAIN, ENOSPC. */
int transaction_commit(struct connection *connection, struct transaction *transaction);

/* Notes that the first depth parts of path were looked at. */
void transaction_saw(struct transaction *transaction, const struct path *path, unsigned depth, unsigned saw);
/* Does a change in the view and notes it. */
void transaction_change(struct transaction *transaction, const struct change *change);
/* What noting a change costs its client. */
size_t change_cost(const struct change *change);
/* Lets go of all versions of the tree but the store's. */
void transaction_renew_all(struct store *store);
/* How many nodes more domid would own. */
long transaction_nodes(const struct transaction *transaction, unsigned domid);

#endif
