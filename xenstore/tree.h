/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of nodes. A node that two trees share (the store's and a transaction's snapshot) is never changed: a change
 * copies the nodes from the root down to its place, as far as they are shared, and changes the copies. A tree that
 * nobody shares is changed in place. So a snapshot costs one reference, and the common write no copy.
 *
 * Each node has two generations, from one counter that never repeats: one for its value and permissions, one for its
 * list of children. A transaction compares them to see what others changed meanwhile.
 *
 * Children are listed in the order of their creation, as clients of the C xenstored expect (the order of a guest's
 * devices comes from it). Pure; paths come already checked.
 */
#ifndef HAVEN_XENSTORE_TREE_H
#define HAVEN_XENSTORE_TREE_H

#include "xenstore/path.h"
#include "xenstore/perms.h"

struct children;

struct node {
    uint32_t references;
    uint32_t hash; /* of its whole path */
    uint16_t name_length;
    uint32_t value_length, value_space;
    uint64_t generation;          /* of value and permissions */
    uint64_t children_generation; /* of the set of children */
    struct perms *perms;
    char *value;
    struct children *children; /* NULL without any */
    char name[];
};

struct tree {
    struct node *root;
    uint64_t *generation; /* the last one given out */
    /* Told when a domain comes to own more or fewer nodes and bytes. */
    void (*account)(void *context, unsigned owner, long nodes, long bytes);
    void *context;
    /* Bytes of nodes that were shared and that this tree has copied, or lost: others keep them since. */
    size_t copied, lost;
};

/* An empty tree: only a root that belongs to dom0. */
void tree_init(struct tree *tree, uint64_t *generation, void (*account)(void *, unsigned, long, long), void *context);
/* Another tree with the same content; the account of its changes goes elsewhere. */
void tree_share(struct tree *copy, const struct tree *tree, void (*account)(void *, unsigned, long, long),
                void *context);
void tree_drop(struct tree *tree);

/* The node, or NULL; what lies above it; nearest: the deepest node there is on the way (never NULL), *depth says how
 * deep it lies. */
struct node *tree_find(const struct tree *tree, const struct path *path);
struct node *tree_find_parent(const struct tree *tree, const struct path *path); /* the root's is the root */
struct node *tree_find_nearest(const struct tree *tree, const struct path *path, unsigned *depth);
/* The same; *alone says whether this tree alone has all nodes on the way: then the node may be changed in its place. */
struct node *tree_find_for_change(const struct tree *tree, const struct path *path, unsigned *depth, bool *alone);

/* Sets the value; missing nodes are made with their parent's permissions, owned by owner unless that is negative. */
void tree_write(struct tree *tree, const struct path *path, const void *value, size_t length, int owner);
/* The same for a node that was found alone. */
void tree_write_node(struct tree *tree, struct node *node, const void *value, size_t length);
/* As tree_write, without touching a value that is there. */
void tree_mkdir(struct tree *tree, const struct path *path, int owner);
/* Replaces the permissions of a node that exists; takes over the reference. */
void tree_set_perms(struct tree *tree, const struct path *path, struct perms *perms);
/* Removes a node that exists, which is not the root, with everything below. */
void tree_remove(struct tree *tree, const struct path *path);

/* What its owner is charged for a node. */
long node_cost(const struct node *node);
/* Size of a node as its quota counts it: a header, permissions, value and the list of children. */
size_t node_size(size_t perms, size_t value_length, size_t listing_length);

/* Children by number, in order; NULL at the end. Numbers have holes: *position counts on by itself. */
struct node *node_next_child(const struct node *node, unsigned *position);
unsigned node_child_count(const struct node *node);
/* All names, each terminated, in order. The text lives until the node changes. */
const char *node_listing(const struct node *node, size_t *length);
size_t node_listing_length(const struct node *node);

#endif
