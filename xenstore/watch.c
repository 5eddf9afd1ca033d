/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See watch.h. */
#include "xenstore/watch.h"

#include "xenstore/connection.h"
#include "xenstore/memory.h"
#include "xenstore/store.h"
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 64

void watch_index_init(struct watch_index *index)
{
    *index = (struct watch_index){.slot = memory_zalloc(SLOTS_FIRST * sizeof(struct watch *)), .mask = SLOTS_FIRST - 1};
}

void watch_index_free(struct watch_index *index)
{
    free(index->slot);
}

static const char *token_of(const struct watch *watch)
{
    return watch->text + watch->name_length + 1;
}

static void insert(struct watch_index *index, struct watch *watch)
{
    struct watch **place = &index->slot[watch->hash & index->mask];

    while (*place)
        place = &(*place)->next;
    *place = watch;
    watch->next = NULL;
    watch->previous_next = place;
}

static void grow(struct watch_index *index)
{
    struct watch **old = index->slot;
    uint32_t slots = index->mask + 1;

    index->mask = 4 * slots - 1;
    index->slot = memory_zalloc(4 * slots * sizeof(struct watch *));
    for (uint32_t i = 0; i < slots; i++) {
        for (struct watch *watch = old[i], *next; watch; watch = next) {
            next = watch->next;
            insert(index, watch);
        }
    }
    free(old);
}

static long cost(const struct watch *watch)
{
    return (long)sizeof(*watch) + watch->name_length + watch->token_length;
}

struct watch *watch_add(struct watch_index *index, struct connection *connection, const char *name, size_t name_length,
                        const char *token, size_t token_length, unsigned hidden)
{
    struct watch *watch = memory_alloc(sizeof(*watch) + name_length + token_length + 2);
    struct usage *usage = quota_usage(&connection->store->quota, connection->actor.domid);
    struct watch **own = &connection->watches;

    *watch = (struct watch){.connection = connection,
                            .hash = name_length == 1 ? PATH_HASH_ROOT : path_hash_text(name, name_length),
                            .token_hash = path_hash_text(token, token_length),
                            .name_length = name_length,
                            .token_length = token_length,
                            .hidden = hidden};
    memcpy(watch->text, name, name_length);
    watch->text[name_length] = 0;
    memcpy(watch->text + name_length + 1, token, token_length);
    watch->text[name_length + 1 + token_length] = 0;

    if (index->count++ > index->mask)
        grow(index);
    insert(index, watch);
    watch->next_own = *own;
    watch->previous_next_own = own;
    if (*own)
        (*own)->previous_next_own = &watch->next_own;
    *own = watch;
    usage->watches++;
    usage->memory += cost(watch);
    return watch;
}

struct watch *watch_find(const struct watch_index *index, const struct connection *connection, const char *name,
                         size_t name_length, const char *token, size_t token_length)
{
    uint32_t hash = name_length == 1 ? PATH_HASH_ROOT : path_hash_text(name, name_length);
    uint32_t token_hash = path_hash_text(token, token_length);
    struct watch *watch = index->slot[hash & index->mask];

    for (; watch; watch = watch->next)
        if (watch->token_hash == token_hash && watch->hash == hash && watch->connection == connection &&
            watch->name_length == name_length && watch->token_length == token_length &&
            !memcmp(watch->text, name, name_length) && !memcmp(token_of(watch), token, token_length))
            return watch;
    return NULL;
}

void watch_remove(struct watch_index *index, struct watch *watch)
{
    struct usage *usage = quota_usage(&watch->connection->store->quota, watch->connection->actor.domid);

    *watch->previous_next = watch->next;
    if (watch->next)
        watch->next->previous_next = watch->previous_next;
    *watch->previous_next_own = watch->next_own;
    if (watch->next_own)
        watch->next_own->previous_next_own = watch->previous_next_own;
    index->count--;
    usage->watches--;
    usage->memory -= cost(watch);
    free(watch);
}

/* Whether just this event is still waiting as this watch's last one. Then another would tell nothing new. */
static bool is_waiting(const struct watch *watch, const char *name, size_t length)
{
    const struct output *out = &watch->connection->out;

    if (watch->last_end <= out->sent || watch->last_length != length)
        return false;
    uint64_t begin = watch->last_end - watch->token_length - 2 - length;
    return begin >= out->sent && !memcmp(out->bytes + out->start + (begin - out->sent), name, length);
}

static void send_event(struct watch *watch, const char *name, size_t length)
{
    struct connection *to = watch->connection;

    name += watch->hidden;
    length -= watch->hidden;
    if (is_waiting(watch, name, length) || !store_event_allowed(to->store, to))
        return;
    watch->last_end = connection_event(to, name, length, token_of(watch), watch->token_length);
    watch->last_length = length;
}

void watch_fire_first(struct watch *watch)
{
    send_event(watch, watch->text, watch->name_length);
}

static bool permitted(const struct watch_permits *permits, const struct actor *actor)
{
    if (actor->privileged)
        return true;
    return (permits->before && perms_for(permits->before, actor) & PERM_READ) ||
           (permits->after && perms_for(permits->after, actor) & PERM_READ) ||
           (permits->parent && perms_for(permits->parent, actor) & PERM_READ);
}

void watch_fire(struct watch_index *index, const struct path *path, bool exact, const struct watch_permits *permits)
{
    if (!index->count)
        return;
    for (unsigned depth = exact ? path->depth : 0; depth <= path->depth; depth++) {
        uint32_t hash = path_prefix_hash(path, depth);
        unsigned length = path_prefix_length(path, depth);
        for (struct watch *watch = index->slot[hash & index->mask]; watch; watch = watch->next)
            if (watch->hash == hash && watch->name_length == length && !memcmp(watch->text, path->text, length) &&
                permitted(permits, &watch->connection->actor))
                send_event(watch, path->text, path->length);
    }
}

void watch_fire_special(struct watch_index *index, const char *name, const struct perms *perms)
{
    size_t length = strlen(name);
    uint32_t hash = path_hash_text(name, length);
    const struct watch_permits permits = {.after = perms};

    for (struct watch *watch = index->slot[hash & index->mask]; watch; watch = watch->next)
        if (watch->hash == hash && watch->name_length == length && !memcmp(watch->text, name, length) &&
            permitted(&permits, &watch->connection->actor))
            send_event(watch, name, length);
}
