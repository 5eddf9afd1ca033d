/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches, found by the hash of the name they watch: a change looks up each prefix of its path, so it costs its depth
 * and the watches that match, however many there are. Pure.
 */
#ifndef HAVEN_XENSTORE_WATCH_H
#define HAVEN_XENSTORE_WATCH_H

#include "xenstore/path.h"
#include "xenstore/perms.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;

struct watch {
    struct connection *connection;
    struct watch *next, **previous_next;         /* with the same slot of the index, oldest first */
    struct watch *next_own, **previous_next_own; /* of the same connection, oldest first */
    uint32_t hash, token_hash;
    uint16_t name_length, token_length;
    uint16_t hidden;   /* so much of a name this client does not see, for it watched a relative one */
    uint64_t last_end; /* where its last event ends in the client's output */
    uint32_t last_length;
    char text[]; /* name and token, each terminated */
};

struct watch_index {
    struct watch **slot;
    uint32_t mask;
    unsigned count;
};

void watch_index_init(struct watch_index *index);
void watch_index_free(struct watch_index *index);

/* Name: absolute, or beginning with '@'; its first hidden characters are not shown to the client. */
struct watch *watch_add(struct watch_index *index, struct connection *connection, const char *name, size_t name_length,
                        const char *token, size_t token_length, unsigned hidden);
struct watch *watch_find(const struct watch_index *index, const struct connection *connection, const char *name,
                         size_t name_length, const char *token, size_t token_length);
void watch_remove(struct watch_index *index, struct watch *watch);

/* Sends the event for the name that the watch itself has: done once when it is set. */
void watch_fire_first(struct watch *watch);

/* Something changed at path. Clients get an event if one of the permissions lets them read (those may be NULL):
 * the node's before and after, and its parent's. exact: only watches for just this node. */
struct watch_permits {
    const struct perms *before, *after, *parent;
};
void watch_fire(struct watch_index *index, const struct path *path, bool exact, const struct watch_permits *permits);
/* "@introduceDomain" and the like. */
void watch_fire_special(struct watch_index *index, const char *name, const struct perms *perms);

#endif
