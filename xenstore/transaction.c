/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See transaction.h. */
#include "xenstore/transaction.h"

#include "xenstore/connection.h"
#include "xenstore/journal.h"
#include "xenstore/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_SIZE 2048

struct transaction_arena {
    struct transaction_arena *next;
    size_t used, space;
    char bytes[];
};

static const char *keep(struct transaction *transaction, const char *bytes, size_t length)
{
    struct transaction_arena *arena = transaction->arena;

    if (!arena || arena->space - arena->used < length) {
        size_t space = length > ARENA_SIZE ? length : ARENA_SIZE;
        arena = memory_alloc(sizeof(*arena) + space);
        *arena = (struct transaction_arena){.next = transaction->arena, .space = space};
        transaction->arena = arena;
    }
    char *kept = arena->bytes + arena->used;
    arena->used += length;
    return length ? memcpy(kept, bytes, length) : kept;
}

static void note_delta(void *context, unsigned owner, long nodes, long bytes)
{
    struct transaction *transaction = context;
    (void)bytes;

    if (!nodes)
        return;
    for (uint32_t i = 0; i < transaction->delta_count; i++) {
        if (transaction->delta[i].domid == owner) {
            transaction->delta[i].nodes += nodes;
            return;
        }
    }
    size_t size = (transaction->delta_count + 1) * sizeof(*transaction->delta);
    transaction->delta = memory_realloc(transaction->delta, size);
    transaction->delta[transaction->delta_count++] = (struct transaction_delta){.domid = owner, .nodes = nodes};
}

static void charge(struct transaction *transaction, long bytes)
{
    transaction->memory += bytes;
    quota_usage(&transaction->store->quota, transaction->owner)->memory += bytes;
}

struct transaction *transaction_find(const struct connection *connection, uint32_t id)
{
    struct transaction *transaction = connection->transactions;

    while (transaction && transaction->id != id)
        transaction = transaction->next;
    return transaction;
}

struct transaction *transaction_start(struct connection *connection, uint32_t id)
{
    struct store *store = connection->store;
    struct transaction *transaction = memory_zalloc(sizeof(*transaction));

    while (!id || transaction_find(connection, id))
        id = ++connection->last_transaction;
    transaction->id = id;
    transaction->owner = connection->actor.domid;
    transaction->store = store;
    tree_share(&transaction->base, &store->tree, NULL, NULL);
    tree_share(&transaction->view, &store->tree, note_delta, transaction);
    transaction->next = connection->transactions;
    connection->transactions = transaction;
    transaction->store_next = store->transactions;
    transaction->place = &store->transactions;
    if (store->transactions)
        store->transactions->place = &transaction->store_next;
    store->transactions = transaction;
    quota_usage(&store->quota, connection->actor.domid)->transactions++;
    if (connection->ring)
        journal_put(store->journal, RECORD_TRANSACTION_START, connection->actor.domid, &id, sizeof(id), NULL, 0);
    return transaction;
}

static void end(struct connection *connection, struct transaction *transaction)
{
    struct transaction **place = &connection->transactions;

    while (*place != transaction)
        place = &(*place)->next;
    *place = transaction->next;
    struct usage *usage = quota_usage(&connection->store->quota, connection->actor.domid);
    usage->transactions--;
    usage->memory -= (long)transaction->memory;
    if (connection->ring)
        journal_put(connection->store->journal, RECORD_TRANSACTION_END, connection->actor.domid, &transaction->id,
                    sizeof(transaction->id), NULL, 0);
    for (uint32_t i = 0; i < transaction->change_count; i++)
        if (transaction->change[i].perms)
            perms_put(transaction->change[i].perms);
    for (struct transaction_arena *arena = transaction->arena, *next; arena; arena = next) {
        next = arena->next;
        free(arena);
    }
    free(transaction->access);
    free(transaction->access_index);
    free(transaction->change);
    free(transaction->delta);
    free(transaction);
}

/* From here on it is none of those that keep a tree. */
static void drop_trees(struct transaction *transaction)
{
    tree_drop(&transaction->base);
    tree_drop(&transaction->view);
    *transaction->place = transaction->store_next;
    if (transaction->store_next)
        transaction->store_next->place = transaction->place;
}

void transaction_abort(struct connection *connection, struct transaction *transaction)
{
    drop_trees(transaction);
    end(connection, transaction);
}

static struct access *find_access(struct transaction *transaction, uint32_t hash, const char *path, unsigned length,
                                  uint32_t *place)
{
    uint32_t mask = 2 * transaction->access_space - 1;

    if (!transaction->access_space)
        return NULL;
    for (*place = hash & mask; transaction->access_index[*place]; *place = (*place + 1) & mask) {
        struct access *access = &transaction->access[transaction->access_index[*place] - 1];
        if (access->hash == hash && access->length == length && !memcmp(access->path, path, length))
            return access;
    }
    return NULL;
}

static void grow_accesses(struct transaction *transaction)
{
    uint32_t space = transaction->access_space ? 2 * transaction->access_space : 16, mask = 2 * space - 1;

    transaction->access = memory_realloc(transaction->access, space * sizeof(*transaction->access));
    free(transaction->access_index);
    transaction->access_index = memory_zalloc(2 * space * sizeof(*transaction->access_index));
    transaction->access_space = space;
    for (uint32_t i = 0; i < transaction->access_count; i++) {
        uint32_t place = transaction->access[i].hash & mask;
        while (transaction->access_index[place])
            place = (place + 1) & mask;
        transaction->access_index[place] = i + 1;
    }
}

void transaction_saw(struct transaction *transaction, const struct path *path, unsigned depth, unsigned saw)
{
    uint32_t hash = path_prefix_hash(path, depth), place;
    unsigned length = path_prefix_length(path, depth);
    struct access *access = find_access(transaction, hash, path->text, length, &place);

    if (access) {
        access->saw |= saw;
        return;
    }
    if (transaction->access_count == transaction->access_space) {
        grow_accesses(transaction);
        find_access(transaction, hash, path->text, length, &place);
    }
    transaction->access[transaction->access_count++] =
        (struct access){.hash = hash, .length = length, .saw = saw, .path = keep(transaction, path->text, length)};
    transaction->access_index[place] = transaction->access_count;
    charge(transaction, (long)(sizeof(struct access) + length));
}

static void apply_in_view(struct transaction *transaction, const struct change *change)
{
    change_apply(&transaction->view, change);
    charge(transaction, (long)(transaction->view.copied - transaction->copied));
    transaction->copied = transaction->view.copied;
}

void transaction_change(struct transaction *transaction, const struct change *change)
{
    if (transaction->change_count == transaction->change_space) {
        transaction->change_space = transaction->change_space ? 2 * transaction->change_space : 16;
        transaction->change =
            memory_realloc(transaction->change, transaction->change_space * sizeof(*transaction->change));
    }
    transaction->change[transaction->change_count++] = (struct recorded_change){
        .type = change->type,
        .owner = change->owner,
        .length = change->path->length,
        .value_length = change->length,
        .path = keep(transaction, change->path->text, change->path->length),
        .value = keep(transaction, change->value, change->length),
        .perms = change->perms ? perms_get(change->perms) : NULL,
    };
    charge(transaction, (long)change_cost(change));
    apply_in_view(transaction, change);
}

size_t change_cost(const struct change *change)
{
    return sizeof(struct recorded_change) + change->path->length + change->length +
           (change->perms ? change->perms->count * sizeof(struct perm) : 0);
}

long transaction_nodes(const struct transaction *transaction, unsigned domid)
{
    for (uint32_t i = 0; i < transaction->delta_count; i++)
        if (transaction->delta[i].domid == domid)
            return transaction->delta[i].nodes;
    return 0;
}

/* Whether what was seen of a node in the base is still so. */
static bool still_so(const struct transaction *transaction, const struct access *access)
{
    struct path path;

    path_parse(&path, access->path, access->length, PATH_LENGTH_MAX);
    const struct node *then = tree_find(&transaction->base, &path);
    const struct node *now = tree_find(&transaction->store->tree, &path);
    if (then == now)
        return true;
    if (!then || !now)
        return false;
    if (access->saw & SAW_NODE && then->generation != now->generation)
        return false;
    return !(access->saw & SAW_CHILDREN) || then->children_generation == now->children_generation;
}

/* An owner may have died since the change was made in the view; the client learns that when it tries again. */
static bool owners_live(const struct transaction *transaction)
{
    for (uint32_t i = 0; i < transaction->change_count; i++) {
        const struct perms *perms = transaction->change[i].perms;
        if (perms && !store_domain_exists(transaction->store, perms->entry[0].domid))
            return false;
    }
    return true;
}

static bool all_still_so(const struct transaction *transaction)
{
    if (transaction->base.root != transaction->store->tree.root)
        for (uint32_t i = 0; i < transaction->access_count; i++)
            if (!still_so(transaction, &transaction->access[i]))
                return false;
    return true;
}

/* A recorded change, to be done to a tree; with a reference of its permissions. */
static struct change change_again(const struct recorded_change *recorded, struct path *path)
{
    path_parse(path, recorded->path, recorded->length, PATH_LENGTH_MAX);
    return (struct change){.type = recorded->type,
                           .owner = recorded->owner,
                           .path = path,
                           .value = recorded->value,
                           .length = recorded->value_length,
                           .perms = recorded->perms ? perms_get(recorded->perms) : NULL};
}

static void renew(struct transaction *transaction)
{
    struct store *store = transaction->store;
    struct path path;

    if (transaction->base.root == store->tree.root)
        return;
    transaction->doomed |= !all_still_so(transaction);
    tree_drop(&transaction->base);
    tree_drop(&transaction->view);
    tree_share(&transaction->base, &store->tree, NULL, NULL);
    tree_share(&transaction->view, &store->tree, note_delta, transaction);
    charge(transaction, -(long)transaction->copied);
    transaction->copied = 0;
    transaction->delta_count = 0;
    for (uint32_t i = 0; i < transaction->change_count; i++) {
        struct change change = change_again(&transaction->change[i], &path);
        bool needs_node = change.type == CHANGE_REMOVE || change.type == CHANGE_PERMS;
        if (!needs_node || tree_find(&transaction->view, &path))
            apply_in_view(transaction, &change);
        else if (change.perms) /* only of a doomed one */
            perms_put(change.perms);
    }
}

void transaction_renew_all(struct store *store)
{
    for (struct transaction *transaction = store->transactions; transaction; transaction = transaction->store_next)
        renew(transaction);
    store->tree.copied = store->tree.lost = 0;
}

static int validate(const struct connection *connection, const struct transaction *transaction)
{
    if (transaction->doomed || !all_still_so(transaction) || !owners_live(transaction))
        return EAGAIN;
    for (uint32_t i = 0; i < transaction->delta_count && !connection->actor.privileged; i++) {
        const struct transaction_delta *delta = &transaction->delta[i];
        struct quota *quota = &connection->store->quota;
        if (delta->nodes > 0 &&
            !quota_allows(quota, delta->domid, QUOTA_NODES, quota_usage(quota, delta->domid)->nodes + delta->nodes))
            return ENOSPC;
    }
    return 0;
}

int transaction_commit(struct connection *connection, struct transaction *transaction)
{
    int error = validate(connection, transaction);

    /* The snapshots go first: then the changes find a tree that is not shared. */
    drop_trees(transaction);
    for (uint32_t i = 0; !error && i < transaction->change_count; i++) {
        struct path path;
        struct change change = change_again(&transaction->change[i], &path);
        store_apply(connection->store, &change);
    }
    connection->conflicts = error == EAGAIN ? connection->conflicts + 1 : 0;
    connection->store->conflicts += error == EAGAIN;
    end(connection, transaction);
    return error;
}
