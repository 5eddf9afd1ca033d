/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See recovery.h. While a journal is played the store has none, so playing records nothing. */
#include "xenstore/recovery.h"

#include "xenstore/connection.h"
#include "xenstore/domains.h"
#include "xenstore/memory.h"
#include "xenstore/wire.h"
#include <string.h>

#define NODE_PERMS_MAX PERMS_MAX

struct node_record {
    uint32_t perms_count;
    struct perm entry[];
};

static bool write_node(void *context, const struct path *path, struct node *node)
{
    struct journal *journal = context;
    char bytes[sizeof(struct node_record) + NODE_PERMS_MAX * sizeof(struct perm) + XENSTORE_PAYLOAD_MAX];
    struct node_record record = {.perms_count = node->perms->count};
    size_t perms_size = node->perms->count * sizeof(struct perm), used = sizeof(record);

    memcpy(bytes, &record, sizeof(record));
    memcpy(bytes + used, node->perms->entry, perms_size);
    used += perms_size;
    if (node->value_length)
        memcpy(bytes + used, node->value, node->value_length);
    used += node->value_length;
    journal_put(journal, RECORD_NODE, 0, path->text, path->length, bytes, used);
    return true;
}

void recovery_write_state(void *context)
{
    const struct recovery *recovery = context;
    struct store *store = recovery->store;

    store_walk(&store->tree, write_node, store->journal);
    for (int i = 0; i < QUOTA_KINDS; i++)
        if (store->quota.limit[i] != quota_settings[i].initial)
            journal_put(store->journal, RECORD_QUOTA, i, &store->quota.limit[i], sizeof(long), NULL, 0);
    for (int i = 0; i < SPECIAL_COUNT; i++)
        journal_put(store->journal, RECORD_SPECIAL, i, NULL, 0, store->special[i]->entry,
                    store->special[i]->count * sizeof(struct perm));
    if (recovery->domains)
        domains_write_state(recovery->domains, store->journal);
}

/* A list of permissions that fills bytes. */
static struct perms *read_perms(const char *bytes, size_t length)
{
    struct perm entries[PERMS_MAX];
    size_t count = length / sizeof(struct perm);

    if (!count || count > PERMS_MAX || length % sizeof(struct perm))
        return NULL;
    memcpy(entries, bytes, length);
    return perms_new(entries, count);
}

static bool play_node(struct store *store, const struct path *path, const struct journal_record *record)
{
    struct node_record header;

    if (record->b_length < sizeof(header))
        return false;
    memcpy(&header, record->b, sizeof(header));
    size_t perms_size = header.perms_count * sizeof(struct perm), offset = sizeof(header) + perms_size;
    if (header.perms_count > PERMS_MAX || record->b_length < offset)
        return false;
    struct perms *perms = read_perms(record->b + sizeof(header), perms_size);
    if (!perms)
        return false;
    tree_write(&store->tree, path, record->b + offset, record->b_length - offset, -1);
    tree_set_perms(&store->tree, path, perms);
    return true;
}

/* Changes of nodes, as store_apply recorded them. */
static bool play_change(struct store *store, const struct journal_record *record)
{
    struct path path;
    int owner = record->domid == RECORD_INHERIT ? -1 : record->domid;

    if (!path_parse(&path, record->a, record->a_length, PATH_LENGTH_MAX))
        return false;
    if (record->type == RECORD_NODE)
        return play_node(store, &path, record);
    if (record->type == RECORD_WRITE) {
        tree_write(&store->tree, &path, record->b, record->b_length, owner);
        return true;
    }
    if (record->type == RECORD_MKDIR) {
        tree_mkdir(&store->tree, &path, owner);
        return true;
    }
    if (!tree_find(&store->tree, &path))
        return false;
    if (record->type == RECORD_REMOVE) {
        if (!path.depth)
            return false;
        tree_remove(&store->tree, &path);
        return true;
    }
    struct perms *perms = read_perms(record->b, record->b_length);
    if (perms)
        tree_set_perms(&store->tree, &path, perms);
    return perms != NULL;
}

static bool play_setting(struct store *store, const struct journal_record *record)
{
    if (record->type == RECORD_QUOTA) {
        if (record->domid >= QUOTA_KINDS || record->a_length != sizeof(long))
            return false;
        memcpy(&store->quota.limit[record->domid], record->a, sizeof(long));
        return true;
    }
    struct perms *perms = record->domid < SPECIAL_COUNT ? read_perms(record->b, record->b_length) : NULL;
    if (perms)
        store_set_special(store, record->domid, perms);
    return perms != NULL;
}

bool recovery_play(void *context, const struct journal_record *record)
{
    struct recovery *recovery = context;
    struct store *store = recovery->store;

    switch (record->type) {
    case RECORD_NODE:
    case RECORD_WRITE:
    case RECORD_MKDIR:
    case RECORD_REMOVE:
    case RECORD_PERMS:
        return play_change(store, record);
    case RECORD_QUOTA:
    case RECORD_SPECIAL:
        return play_setting(store, record);
    default:
        return recovery->domains && domains_play(recovery->domains, record);
    }
}
