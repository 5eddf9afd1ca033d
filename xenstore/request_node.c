/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See request.h: requests that read and change nodes.
 *
 * Who may not see a node is told the same whether it exists or not: where a node is missing, the permissions of the
 * nearest one above it decide between "no such node" and "no access".
 */
#include "xenstore/request.h"

#include "xenstore/connection.h"
#include "xenstore/memory.h"
#include "xenstore/transaction.h"
#include <string.h>

struct target {
    struct request_name name;
    struct node *node; /* the node, or if it is missing the nearest above it */
    unsigned depth;    /* of that */
    bool alone;        /* may be changed in its place (tree.h) */
};

/* Notes for a transaction what the outcome depends on. */
static int note_access(struct request *request, const struct target *target, unsigned saw)
{
    struct transaction *transaction = request->transaction;
    const struct path *path = &target->name.path;
    struct quota *quota = &request->store->quota;
    unsigned domid = request->connection->actor.domid;
    bool privileged = request_is_privileged(request);

    if (!privileged && !quota_allows(quota, domid, QUOTA_TRANSACTION_NODES, transaction->access_count + 1))
        return ENOSPC;
    if (!privileged && !quota_allows(quota, domid, QUOTA_MEMORY,
                                     quota_usage(quota, domid)->memory + (long)(sizeof(struct access) + path->length)))
        return ENOMEM;
    if (target->depth == path->depth) {
        transaction_saw(transaction, path, path->depth, privileged ? saw : saw | SAW_NODE);
        return 0;
    }
    transaction_saw(transaction, path, target->depth + 1, SAW_EXISTENCE);
    transaction_saw(transaction, path, target->depth, SAW_NODE);
    return 0;
}

/* Finds the node that string names for somebody who wants to do something with it: 0, ENOENT, EACCES, EINVAL. */
static int find_target(struct request *request, const struct wire_string *string, unsigned want, unsigned saw,
                       struct target *target)
{
    unsigned hidden;
    int error = request_get_name(request, string, &target->name, &hidden);

    if (error)
        return error;
    target->node = tree_find_for_change(request_tree(request), &target->name.path, &target->depth, &target->alone);
    if (request->transaction && (error = note_access(request, target, saw)))
        return error;
    unsigned granted = perms_for(target->node->perms, &request->connection->actor);
    if (target->depth == target->name.path.depth)
        return (granted & want) == want ? 0 : EACCES;
    return granted & want ? ENOENT : EACCES;
}

/* The same where the name is the whole payload. */
static int find_only_target(struct request *request, unsigned want, unsigned saw, struct target *target)
{
    struct wire_string string;

    if (!wire_one_string(request->payload, request->length, &string))
        return EINVAL;
    return find_target(request, &string, want, saw, target);
}

/* Does it and says so; in a transaction it is noted, which takes of the client's memory. */
static int change(struct request *request, const struct change *what)
{
    struct quota *quota = &request->store->quota;
    unsigned domid = request->connection->actor.domid;

    if (!request->transaction) {
        store_apply(request->store, what);
        return request_acknowledge(request);
    }
    if (!request_is_privileged(request) &&
        !quota_allows(quota, domid, QUOTA_MEMORY, quota_usage(quota, domid)->memory + (long)change_cost(what)))
        return ENOMEM;
    transaction_change(request->transaction, what);
    return request_acknowledge(request);
}

int request_directory(struct request *request)
{
    struct target target;
    size_t length;
    int error = find_only_target(request, PERM_READ, SAW_EXISTENCE | SAW_CHILDREN, &target);

    if (error)
        return error;
    if (node_listing_length(target.node) > XENSTORE_PAYLOAD_MAX)
        return E2BIG;
    const char *listing = node_listing(target.node, &length);
    return request_reply(request, listing, length);
}

int request_directory_part(struct request *request)
{
    struct wire_string strings[2];
    struct target target;
    char reply[XENSTORE_PAYLOAD_MAX];
    unsigned long offset;
    size_t length;

    if (wire_strings(request->payload, request->length, strings, 2) != 2)
        return EINVAL;
    int error = find_target(request, &strings[0], PERM_READ, SAW_EXISTENCE | SAW_CHILDREN, &target);
    if (error)
        return error;
    if (!wire_number(&strings[1], &offset))
        offset = 0;

    size_t used = wire_format_number(reply, target.node->children_generation) + 1;
    const char *listing = node_listing(target.node, &length);
    size_t space = sizeof(reply) - used - 1;
    size_t part = offset < length ? length - offset : 0;
    if (part > space) /* only whole names */
        for (part = space; part && listing[offset + part - 1]; part--)
            ;
    memcpy(reply + used, listing + (part ? offset : 0), part);
    used += part;
    if (offset + part >= length)
        reply[used++] = 0; /* an empty name ends the list */
    return request_reply(request, reply, used);
}

int request_read(struct request *request)
{
    struct target target;
    int error = find_only_target(request, PERM_READ, SAW_NODE, &target);

    return error ? error : request_reply(request, target.node->value, target.node->value_length);
}

int request_get_perms(struct request *request)
{
    struct target target;
    char reply[XENSTORE_PAYLOAD_MAX];
    int error = find_only_target(request, PERM_READ, SAW_NODE, &target);

    if (error)
        return error;
    size_t length = perms_format(target.node->perms, reply, sizeof(reply));
    return length ? request_reply(request, reply, length) : E2BIG;
}

/* Whether an unprivileged client's quota has space for a value of length bytes, in a node that is there or not. */
static int check_quota(struct request *request, const struct target *target, size_t length)
{
    struct quota *quota = &request->store->quota;
    unsigned domid = request->connection->actor.domid;
    const struct node *node = target->node;
    unsigned missing = target->name.path.depth - target->depth;
    size_t perms = node->perms->count;

    if (request_is_privileged(request))
        return 0;
    struct usage *usage = quota_usage(quota, domid);
    if (!quota_allows(quota, domid, QUOTA_NODE_SIZE,
                      1 + (long)node_size(perms, length, missing ? 0 : node_listing_length(node))))
        return ENOSPC;
    quota_allows(quota, domid, QUOTA_MEMORY_SOFT, usage->memory);
    if (!quota_allows(quota, domid, QUOTA_MEMORY,
                      usage->memory + (long)(length + missing * (sizeof(*node) + perms * sizeof(struct perm)))))
        return ENOMEM;
    if (!missing)
        return 0;
    size_t listing = node_listing_length(node) + path_part_length(&target->name.path, target->depth) + 1;
    if (!quota_allows(quota, domid, QUOTA_NODE_SIZE, 1 + (long)node_size(perms, node->value_length, listing)))
        return ENOSPC;
    long more = missing + (request->transaction ? transaction_nodes(request->transaction, domid) : 0);
    return quota_allows(quota, domid, QUOTA_NODES, usage->nodes + more) ? 0 : ENOSPC;
}

static int new_owner(const struct request *request)
{
    return request_is_privileged(request) ? -1 : request->connection->actor.domid;
}

int request_write(struct request *request)
{
    struct wire_string string;
    struct target target;

    if (!wire_strings(request->payload, request->length, &string, 1))
        return EINVAL;
    const char *value = string.text + string.length + 1;
    size_t length = request->payload + request->length - value;

    int error = find_target(request, &string, PERM_WRITE, SAW_NODE, &target);
    if (error && error != ENOENT)
        return error;
    bool in_place = !error && target.alone;
    if ((error = check_quota(request, &target, length)))
        return error;
    return change(request, &(struct change){.type = CHANGE_WRITE,
                                            .path = &target.name.path,
                                            .node = in_place ? target.node : NULL,
                                            .value = value,
                                            .length = length,
                                            .owner = new_owner(request)});
}

int request_mkdir(struct request *request)
{
    struct target target;
    int error = find_only_target(request, PERM_WRITE, SAW_EXISTENCE, &target);

    if (!error)
        return request_acknowledge(request);
    if (error != ENOENT)
        return error;
    if ((error = check_quota(request, &target, 0)))
        return error;
    return change(request,
                  &(struct change){.type = CHANGE_MKDIR, .path = &target.name.path, .owner = new_owner(request)});
}

int request_remove(struct request *request)
{
    struct target target;
    int error = find_only_target(request, PERM_WRITE, SAW_NODE, &target);

    if (error == ENOENT && target.depth + 1 == target.name.path.depth)
        return request_acknowledge(request); /* it is gone, as asked: its parent is there */
    if (error)
        return error;
    if (!target.name.path.depth)
        return EINVAL;
    return change(request, &(struct change){.type = CHANGE_REMOVE, .path = &target.name.path});
}

/* The permissions in the payload behind its first string. */
static int get_perms(struct request *request, const struct wire_string *name, struct perm *entries, size_t *count)
{
    const char *text = name->text + name->length + 1, *end = request->payload + request->length;

    *count = wire_strings(text, end - text, NULL, 0);
    if (!*count || *count > PERMS_MAX)
        return EINVAL;
    if (!request_is_privileged(request) &&
        !quota_allows(&request->store->quota, request->connection->actor.domid, QUOTA_PERMISSIONS, *count))
        return ENOSPC;
    for (size_t i = 0; i < *count; i++) {
        text = perm_parse(&entries[i], text, end);
        if (!text)
            return EINVAL;
        if (store_domain_exists(request->store, entries[i].domid))
            continue;
        if (!i)
            return ENOENT;
        entries[i].bits |= PERM_STALE;
    }
    return 0;
}

static int set_special(struct request *request, const struct wire_string *name, const struct perm *entries,
                       size_t count)
{
    unsigned which = 0;

    while (which < SPECIAL_COUNT && strcmp(name->text, store_special_names[which]))
        which++;
    if (which == SPECIAL_COUNT)
        return EINVAL;
    unsigned granted = perms_for(request->store->special[which], &request->connection->actor);
    if (!(granted & PERM_WRITE) || !(granted & PERM_OWNER))
        return EACCES;
    store_set_special(request->store, which, perms_new(entries, count));
    return request_acknowledge(request);
}

int request_set_perms(struct request *request)
{
    struct perm entries[PERMS_MAX];
    struct wire_string name;
    struct target target;
    size_t count;

    if (!wire_strings(request->payload, request->length, &name, 1))
        return EINVAL;
    int error = get_perms(request, &name, entries, &count);
    if (error)
        return error;
    if (name.length && name.text[0] == '@')
        return set_special(request, &name, entries, count);
    error = find_target(request, &name, PERM_WRITE | PERM_OWNER, SAW_NODE, &target);
    if (error)
        return error;
    if (!request_is_privileged(request) && entries[0].domid != target.node->perms->entry[0].domid)
        return EPERM;
    struct perms *perms = perms_new(entries, count);
    error = change(request, &(struct change){.type = CHANGE_PERMS, .path = &target.name.path, .perms = perms});
    if (error)
        perms_put(perms);
    return error;
}
