/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See tree.h. Whoever holds a node counts in its references: the trees it is the root of, and its parents. A node may
 * be changed only on the way down from a root that is not shared, through parents that are not: own() does that.
 */
#include "xenstore/tree.h"

#include "xenstore/children.h"
#include "xenstore/memory.h"
#include <stdlib.h>
#include <string.h>

#define VALUE_SPACE_FIRST 16

long node_cost(const struct node *node)
{
    return (long)(sizeof(*node) + node->name_length + node->value_length + node->perms->count * sizeof(struct perm));
}

size_t node_size(size_t perms, size_t value_length, size_t listing_length)
{
    return 24 + 8 * perms + value_length + listing_length;
}

static size_t node_bytes(const struct node *node)
{
    return sizeof(*node) + node->name_length + 1 + node->value_space +
           (node->children ? children_bytes(node->children) : 0);
}

static void account(struct tree *tree, const struct node *node, int sign)
{
    if (tree->account)
        tree->account(tree->context, node->perms->entry[0].domid, sign, sign * node_cost(node));
}

static struct node *node_new(const char *name, size_t length, uint32_t hash, struct perms *perms, uint64_t generation)
{
    struct node *node = memory_alloc(sizeof(*node) + length + 1);

    *node = (struct node){.references = 1,
                          .hash = hash,
                          .name_length = length,
                          .generation = generation,
                          .children_generation = generation,
                          .perms = perms};
    memcpy(node->name, name, length);
    node->name[length] = 0;
    return node;
}

static struct node *node_copy(const struct node *node)
{
    struct node *copy = memory_copy(node, sizeof(*node) + node->name_length + 1);

    copy->references = 1;
    perms_get(copy->perms);
    copy->value_space = copy->value_length;
    copy->value = copy->value_length ? memory_copy(node->value, node->value_length) : NULL;
    if (node->children)
        copy->children = children_copy(node->children);
    return copy;
}

static void node_put(struct node *node)
{
    struct node *child;

    if (--node->references)
        return;
    if (node->children) {
        for (unsigned i = 0; (child = node_next_child(node, &i));)
            node_put(child);
        children_free(node->children);
    }
    perms_put(node->perms);
    free(node->value);
    free(node);
}

void tree_init(struct tree *tree, uint64_t *generation, void (*report)(void *, unsigned, long, long), void *context)
{
    static const struct perm dom0_only = {.domid = 0, .bits = PERM_NONE};

    *tree = (struct tree){.generation = generation, .account = report, .context = context};
    tree->root = node_new("", 0, PATH_HASH_ROOT, perms_new(&dom0_only, 1), ++*generation);
    account(tree, tree->root, 1);
}

void tree_share(struct tree *copy, const struct tree *tree, void (*report)(void *, unsigned, long, long), void *context)
{
    *copy = (struct tree){.root = tree->root, .generation = tree->generation, .account = report, .context = context};
    copy->root->references++;
}

void tree_drop(struct tree *tree)
{
    node_put(tree->root);
    tree->root = NULL;
}

static struct node **child_place(const struct node *node, const struct path *path, unsigned i)
{
    if (!node->children)
        return NULL;
    return children_find(node->children, path->part[i].hash, path_part_name(path, i), path_part_length(path, i));
}

static struct node *go_down(const struct tree *tree, const struct path *path, unsigned longest, unsigned *depth)
{
    struct node *node = tree->root;
    unsigned i;

    for (i = 0; i < longest; i++) {
        struct node **place = child_place(node, path, i);
        if (!place)
            break;
        node = *place;
    }
    *depth = i;
    return node;
}

struct node *tree_find_nearest(const struct tree *tree, const struct path *path, unsigned *depth)
{
    return go_down(tree, path, path->depth, depth);
}

struct node *tree_find_for_change(const struct tree *tree, const struct path *path, unsigned *depth, bool *alone)
{
    struct node *node = tree->root;
    uint32_t references = node->references;
    unsigned i;

    for (i = 0; i < path->depth; i++) {
        struct node **place = child_place(node, path, i);
        if (!place)
            break;
        node = *place;
        references |= node->references;
    }
    *depth = i;
    *alone = references == 1;
    return node;
}

struct node *tree_find_parent(const struct tree *tree, const struct path *path)
{
    unsigned depth, above = path->depth ? path->depth - 1 : 0;
    struct node *node = go_down(tree, path, above, &depth);
    return depth == above ? node : NULL;
}

struct node *tree_find(const struct tree *tree, const struct path *path)
{
    unsigned depth;
    struct node *node = tree_find_nearest(tree, path, &depth);
    return depth == path->depth ? node : NULL;
}

/* Makes sure that what the place holds is this tree's alone, whose parent already is. */
static struct node *own(struct tree *tree, struct node **place)
{
    struct node *shared = *place;

    if (shared->references == 1)
        return shared;
    tree->copied += node_bytes(shared);
    *place = node_copy(shared);
    node_put(shared);
    return *place;
}

/* Owns the way down to the deepest node there is; *depth says where that is, at most longest. */
static struct node *own_way(struct tree *tree, const struct path *path, unsigned longest, unsigned *depth)
{
    struct node *node = own(tree, &tree->root);
    unsigned i;

    for (i = 0; i < longest; i++) {
        struct node **place = child_place(node, path, i);
        if (!place)
            break;
        node = own(tree, place);
    }
    *depth = i;
    return node;
}

static struct node *make_child(struct tree *tree, struct node *parent, const struct path *path, unsigned i, int owner)
{
    struct perms *perms = owner < 0 || parent->perms->entry[0].domid == owner ? perms_get(parent->perms)
                                                                              : perms_owned_by(parent->perms, owner);
    uint64_t generation = ++*tree->generation;
    struct node *child =
        node_new(path_part_name(path, i), path_part_length(path, i), path->part[i].hash, perms, generation);

    if (!parent->children)
        parent->children = children_new();
    children_add(parent->children, child);
    parent->children_generation = generation;
    account(tree, child, 1);
    return child;
}

static struct node *make_way(struct tree *tree, const struct path *path, int owner)
{
    unsigned depth;
    struct node *node = own_way(tree, path, path->depth, &depth);

    for (; depth < path->depth; depth++)
        node = make_child(tree, node, path, depth, owner);
    return node;
}

void tree_write_node(struct tree *tree, struct node *node, const void *value, size_t length)
{
    if (tree->account && length != node->value_length)
        tree->account(tree->context, node->perms->entry[0].domid, 0, (long)length - (long)node->value_length);
    if (length > node->value_space) {
        node->value_space = length < VALUE_SPACE_FIRST ? VALUE_SPACE_FIRST : length;
        free(node->value);
        node->value = memory_alloc(node->value_space);
    }
    if (length)
        memcpy(node->value, value, length);
    node->value_length = length;
    node->generation = ++*tree->generation;
}

void tree_write(struct tree *tree, const struct path *path, const void *value, size_t length, int owner)
{
    tree_write_node(tree, make_way(tree, path, owner), value, length);
}

void tree_mkdir(struct tree *tree, const struct path *path, int owner)
{
    make_way(tree, path, owner);
}

void tree_set_perms(struct tree *tree, const struct path *path, struct perms *perms)
{
    unsigned depth;
    struct node *node = own_way(tree, path, path->depth, &depth);

    account(tree, node, -1);
    perms_put(node->perms);
    node->perms = perms;
    account(tree, node, 1);
    node->generation = ++*tree->generation;
}

/* shared: somebody else keeps the node, or one above it. */
static void account_gone(struct tree *tree, const struct node *node, bool shared)
{
    struct node *child;

    shared |= node->references > 1;
    for (unsigned i = 0; (child = node_next_child(node, &i));)
        account_gone(tree, child, shared);
    account(tree, node, -1);
    if (shared)
        tree->lost += node_bytes(node);
}

void tree_remove(struct tree *tree, const struct path *path)
{
    unsigned depth;
    struct node *parent = own_way(tree, path, path->depth - 1, &depth);
    struct node **place = child_place(parent, path, depth);
    struct node *node = *place;

    account_gone(tree, node, false);
    children_remove(parent->children, place);
    if (!parent->children->count) {
        children_free(parent->children);
        parent->children = NULL;
    }
    parent->children_generation = ++*tree->generation;
    node_put(node);
}

struct node *node_next_child(const struct node *node, unsigned *position)
{
    const struct children *children = node->children;

    while (children && *position < children->used) {
        struct node *child = children->slot[(*position)++];
        if (child)
            return child;
    }
    return NULL;
}

unsigned node_child_count(const struct node *node)
{
    return node->children ? node->children->count : 0;
}

size_t node_listing_length(const struct node *node)
{
    return node->children ? node->children->listing_length : 0;
}

const char *node_listing(const struct node *node, size_t *length)
{
    *length = node_listing_length(node);
    return node->children ? children_listing(node->children) : "";
}
