/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node's children: an array in the order of creation, which may have holes, and beyond a few a hash index into it.
 * The listing, as it is sent to clients, is made when it is first asked for and kept up to date by additions. Pure.
 */
#ifndef HAVEN_XENSTORE_CHILDREN_H
#define HAVEN_XENSTORE_CHILDREN_H

#include <stddef.h>
#include <stdint.h>

struct node;

struct children {
    uint32_t count;        /* children */
    uint32_t used, space;  /* of slots: those used, holes among them, and allocated */
    uint32_t index_mask;   /* slots of the index less one; 0 without index */
    uint32_t *index;       /* place in slot plus one; 0: free */
    size_t listing_length; /* of the listing, whether it is there or not */
    size_t listing_space;  /* 0: there is none */
    char *listing;
    struct node **slot;
};

struct children *children_new(void);
/* With a reference more for each child. */
struct children *children_copy(const struct children *children);
/* Frees the table alone. */
void children_free(struct children *children);

/* Where the child is, or NULL. */
struct node **children_find(const struct children *children, uint32_t hash, const char *name, size_t length);
void children_add(struct children *children, struct node *child);
void children_remove(struct children *children, struct node **place);
const char *children_listing(struct children *children);
/* Memory that the table takes. */
size_t children_bytes(const struct children *children);

#endif
