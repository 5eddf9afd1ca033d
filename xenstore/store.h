/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store as a whole: the tree, who watches it, who may use how much. It is changed only through store_apply, which
 * does to each change all that belongs to it: the tree, the journal, the events. Pure: no sockets, no rings; what it
 * needs to know about domains it asks its host.
 */
#ifndef HAVEN_XENSTORE_STORE_H
#define HAVEN_XENSTORE_STORE_H

#include "xenstore/quota.h"
#include "xenstore/tree.h"
#include "xenstore/watch.h"
#include <stdbool.h>
#include <stdint.h>

struct connection;
struct journal;
struct transaction;

/* Bytes of nodes that only open transactions keep, at which these are told of the store as it is now. */
#define STORE_KEPT_MAX (1024 * 1024)

/* What requests about domains come down to. Functions return 0 or an errno. NULL: there are no domains. */
struct store_host {
    bool (*exists)(void *context, unsigned domid);
    bool (*introduced)(void *context, unsigned domid);
    int (*introduce)(void *context, unsigned domid, uint64_t gfn, uint32_t port);
    int (*release)(void *context, unsigned domid);
    int (*resume)(void *context, unsigned domid);
    int (*set_target)(void *context, unsigned domid, unsigned target);
};

enum { SPECIAL_INTRODUCE, SPECIAL_RELEASE, SPECIAL_COUNT };
extern const char *const store_special_names[SPECIAL_COUNT];

struct store {
    struct tree tree;
    uint64_t generation;
    struct watch_index watches;
    struct quota quota;
    struct journal *journal;
    struct connection *dirty;         /* those with new output */
    struct transaction *transactions; /* all that are open */
    size_t kept_max;
    struct perms *special[SPECIAL_COUNT];
    const struct store_host *host;
    void *host_context;
    bool recovering;              /* the journal is being played: no events, they are in it */
    bool forgetting;              /* changes are not recorded one by one */
    uint64_t requests, conflicts; /* for "memreport" */
};

/* An empty store with the nodes every store begins with. */
void store_init(struct store *store);
void store_free(struct store *store);

enum change_type { CHANGE_WRITE, CHANGE_MKDIR, CHANGE_REMOVE, CHANGE_PERMS };

struct change {
    enum change_type type;
    int owner; /* of nodes that are made; negative: like their parent */
    const struct path *path;
    struct node *node; /* of a write: found alone (tree.h), or NULL */
    const char *value; /* of a write */
    size_t length;
    struct perms *perms; /* one reference, which the change takes */
};

/* Does a checked change to any tree: nothing else happens. */
void change_apply(struct tree *tree, const struct change *change);
/* Does it to the store. A node that is removed or gets permissions must exist; one that is made must not. */
void store_apply(struct store *store, const struct change *change);

/* A domain is gone: its nodes are removed, it loses what permissions gave it. */
void store_forget_domain(struct store *store, unsigned domid);
bool store_domain_exists(const struct store *store, unsigned domid);

void store_fire_special(struct store *store, unsigned which);
void store_set_special(struct store *store, unsigned which, struct perms *perms);

/* Changes a limit, for good: false if there is no such one. */
bool store_set_quota(struct store *store, const char *name, bool soft, long value);

/* Whether an unprivileged client may be queued one more event; if not it is dropped and that is logged. */
bool store_event_allowed(struct store *store, const struct connection *to);

/* Sends what was queued since the last time. */
void store_send_all(struct store *store);
void store_dirty(struct store *store, struct connection *connection);
void store_not_dirty(struct store *store, struct connection *connection);

/* Calls visit for each node, parents first, children in order. path lies in a buffer that changes from call to call.
 * False from visit: not further down there. */
void store_walk(const struct tree *tree, bool (*visit)(void *context, const struct path *path, struct node *node),
                void *context);

#endif
