/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See store.h. */
#include "xenstore/store.h"

#include "xenstore/connection.h"
#include "xenstore/journal.h"
#include "xenstore/log.h"
#include "xenstore/memory.h"
#include "xenstore/transaction.h"
#include <stdlib.h>
#include <string.h>

const char *const store_special_names[SPECIAL_COUNT] = {"@introduceDomain", "@releaseDomain"};

static void account(void *context, unsigned owner, long nodes, long bytes)
{
    struct store *store = context;
    struct usage *usage = quota_usage(&store->quota, owner);

    usage->nodes += nodes;
    usage->memory += bytes;
}

void store_init(struct store *store)
{
    static const char first[] = "/tool/xenstored";
    static const struct perm dom0_only = {.domid = 0, .bits = PERM_NONE};
    struct path path;

    memset(store, 0, sizeof(*store));
    store->kept_max = STORE_KEPT_MAX;
    quota_init(&store->quota);
    watch_index_init(&store->watches);
    tree_init(&store->tree, &store->generation, account, store);
    path_parse(&path, first, sizeof(first) - 1, sizeof(first));
    tree_mkdir(&store->tree, &path, -1);
    for (int i = 0; i < SPECIAL_COUNT; i++)
        store->special[i] = perms_new(&dom0_only, 1);
}

void store_free(struct store *store)
{
    tree_drop(&store->tree);
    watch_index_free(&store->watches);
    for (int i = 0; i < SPECIAL_COUNT; i++)
        perms_put(store->special[i]);
    quota_free(&store->quota);
}

void change_apply(struct tree *tree, const struct change *change)
{
    switch (change->type) {
    case CHANGE_WRITE:
        if (change->node)
            tree_write_node(tree, change->node, change->value, change->length);
        else
            tree_write(tree, change->path, change->value, change->length, change->owner);
        break;
    case CHANGE_MKDIR:
        tree_mkdir(tree, change->path, change->owner);
        break;
    case CHANGE_REMOVE:
        tree_remove(tree, change->path);
        break;
    case CHANGE_PERMS:
        tree_set_perms(tree, change->path, change->perms);
        break;
    }
}

static void record(struct store *store, const struct change *change)
{
    const char *text = change->path->text;
    unsigned length = change->path->length, owner = change->owner < 0 ? RECORD_INHERIT : (unsigned)change->owner;

    switch (change->type) {
    case CHANGE_WRITE:
        journal_put(store->journal, RECORD_WRITE, owner, text, length, change->value, change->length);
        break;
    case CHANGE_MKDIR:
        journal_put(store->journal, RECORD_MKDIR, owner, text, length, NULL, 0);
        break;
    case CHANGE_REMOVE:
        journal_put(store->journal, RECORD_REMOVE, 0, text, length, NULL, 0);
        break;
    case CHANGE_PERMS:
        journal_put(store->journal, RECORD_PERMS, 0, text, length, change->perms->entry,
                    change->perms->count * sizeof(struct perm));
        break;
    }
}

struct walk {
    struct path path;
    char text[PATH_LENGTH_MAX + 1];
};

static void walk_begin(struct walk *walk, const struct path *path)
{
    memcpy(walk->text, path->text, path->length);
    walk->path.text = walk->text;
    walk->path.length = path->length;
    walk->path.depth = path->depth;
    memcpy(walk->path.part, path->part, path->depth * sizeof(path->part[0]));
}

/* Everything below a node that goes: whoever watches just that hears of it, the deepest first. */
static void fire_removed(struct store *store, struct walk *walk, const struct node *parent)
{
    struct node *child;

    for (unsigned i = 0; (child = node_next_child(parent, &i));) {
        path_push(&walk->path, walk->text, child->name, child->name_length);
        fire_removed(store, walk, child);
        watch_fire(&store->watches, &walk->path, true,
                   &(struct watch_permits){.before = child->perms, .parent = parent->perms});
        path_pop(&walk->path);
    }
}

/* Events of a removal are sent while the nodes can still be seen, all others after the change. */
static void apply_watched(struct store *store, const struct change *change)
{
    const struct path *path = change->path;
    struct node *node = tree_find(&store->tree, path);
    struct watch_permits permits = {0};

    if (change->type == CHANGE_REMOVE) {
        struct walk walk;
        walk_begin(&walk, path);
        fire_removed(store, &walk, node);
        permits.before = node->perms;
        permits.parent = tree_find_parent(&store->tree, path)->perms;
        watch_fire(&store->watches, path, false, &permits);
        change_apply(&store->tree, change);
        return;
    }
    struct perms *before = node ? perms_get(node->perms) : NULL;
    change_apply(&store->tree, change);
    permits.before = before;
    permits.after = tree_find(&store->tree, path)->perms;
    permits.parent = tree_find_parent(&store->tree, path)->perms;
    watch_fire(&store->watches, path, false, &permits);
    if (before)
        perms_put(before);
}

void store_apply(struct store *store, const struct change *change)
{
    if (store->journal && !store->forgetting)
        record(store, change);
    if (store->watches.count && !store->recovering)
        apply_watched(store, change);
    else
        change_apply(&store->tree, change);
    if (store->tree.copied + store->tree.lost > store->kept_max)
        transaction_renew_all(store);
}

static void walk_node(struct walk *walk, struct node *node,
                      bool (*visit)(void *context, const struct path *path, struct node *node), void *context)
{
    struct node *child;

    if (!visit(context, &walk->path, node))
        return;
    for (unsigned i = 0; (child = node_next_child(node, &i));) {
        path_push(&walk->path, walk->text, child->name, child->name_length);
        walk_node(walk, child, visit, context);
        path_pop(&walk->path);
    }
}

void store_walk(const struct tree *tree, bool (*visit)(void *context, const struct path *path, struct node *node),
                void *context)
{
    struct walk walk = {.path = {.text = walk.text, .length = 1}, .text = "/"};

    walk_node(&walk, tree->root, visit, context);
}

/* What to do about a domain that is gone, collected before anything changes. */
struct forget {
    unsigned domid;
    size_t count, space;
    struct {
        char *path;
        size_t length;
        struct perms *perms; /* NULL: to be removed */
    } * found;
};

static bool forget_visit(void *context, const struct path *path, struct node *node)
{
    struct forget *forget = context;
    bool owned = node->perms->entry[0].domid == forget->domid && path->depth;

    if (!owned && !perms_mention(node->perms, forget->domid))
        return true;
    if (forget->count == forget->space) {
        forget->space = forget->space ? 2 * forget->space : 16;
        forget->found = memory_realloc(forget->found, forget->space * sizeof(*forget->found));
    }
    forget->found[forget->count].path = memory_copy(path->text, path->length);
    forget->found[forget->count].length = path->length;
    forget->found[forget->count++].perms = owned ? NULL : perms_without(node->perms, forget->domid);
    return !owned;
}

static void forget_special(struct store *store, unsigned domid)
{
    for (int i = 0; i < SPECIAL_COUNT; i++) {
        struct perms *old = store->special[i];
        store->special[i] = perms_without(old, domid);
        if (store->special[i]->entry[0].domid == domid)
            store->special[i]->entry[0].domid = 0;
        perms_put(old);
    }
}

void store_forget_domain(struct store *store, unsigned domid)
{
    struct forget forget = {.domid = domid};
    struct path path;

    journal_put(store->journal, RECORD_FORGET, domid, NULL, 0, NULL, 0);
    store->forgetting = true; /* the one record says it all; but events are recorded, as always */
    store_walk(&store->tree, forget_visit, &forget);
    for (size_t i = 0; i < forget.count; i++) {
        path_parse(&path, forget.found[i].path, forget.found[i].length, PATH_LENGTH_MAX);
        struct change change = {.type = CHANGE_REMOVE, .path = &path};
        if (forget.found[i].perms) /* nobody is told of an entry that got stale */
            tree_set_perms(&store->tree, &path, forget.found[i].perms);
        else
            store_apply(store, &change);
        free(forget.found[i].path);
    }
    free(forget.found);
    forget_special(store, domid);
    quota_forget(&store->quota, domid);
    store->forgetting = false;
}

bool store_domain_exists(const struct store *store, unsigned domid)
{
    if (domid == 0)
        return true;
    return domid < QUOTA_DOMAINS && (!store->host || store->host->exists(store->host_context, domid));
}

void store_fire_special(struct store *store, unsigned which)
{
    watch_fire_special(&store->watches, store_special_names[which], store->special[which]);
}

void store_set_special(struct store *store, unsigned which, struct perms *perms)
{
    journal_put(store->journal, RECORD_SPECIAL, which, NULL, 0, perms->entry, perms->count * sizeof(struct perm));
    perms_put(store->special[which]);
    store->special[which] = perms;
}

bool store_set_quota(struct store *store, const char *name, bool soft, long value)
{
    int kind = quota_set(&store->quota, name, soft, value);

    if (kind < 0)
        return false;
    journal_put(store->journal, RECORD_QUOTA, kind, &store->quota.limit[kind], sizeof(long), NULL, 0);
    return true;
}

bool store_event_allowed(struct store *store, const struct connection *to)
{
    if (to->actor.privileged)
        return true;
    long wanted = quota_usage(&store->quota, to->actor.domid)->memory + (long)output_waiting(&to->out);
    return quota_allows(&store->quota, to->actor.domid, QUOTA_MEMORY, wanted);
}

void store_dirty(struct store *store, struct connection *connection)
{
    if (connection->dirty)
        return;
    connection->dirty = true;
    connection->next_dirty = store->dirty;
    store->dirty = connection;
}

void store_not_dirty(struct store *store, struct connection *connection)
{
    struct connection **place = &store->dirty;

    if (!connection->dirty)
        return;
    while (*place != connection)
        place = &(*place)->next_dirty;
    *place = connection->next_dirty;
    connection->dirty = false;
}

void store_send_all(struct store *store)
{
    struct connection *connection;

    while ((connection = store->dirty)) {
        store->dirty = connection->next_dirty;
        connection->dirty = false;
        if (connection->send)
            connection->send(connection);
    }
}
