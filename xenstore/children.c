/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See children.h. The index is open addressing; removed children leave their entry, which then points to a hole. */
#include "xenstore/children.h"

#include "xenstore/memory.h"
#include "xenstore/tree.h"
#include <stdlib.h>
#include <string.h>

#define SPACE_FIRST 4
#define INDEX_FROM  12 /* children that are searched one by one */

struct children *children_new(void)
{
    struct children *children = memory_zalloc(sizeof(*children));

    children->space = SPACE_FIRST;
    children->slot = memory_alloc(SPACE_FIRST * sizeof(struct node *));
    return children;
}

void children_free(struct children *children)
{
    free(children->index);
    free(children->listing);
    free(children->slot);
    free(children);
}

static void index_insert(struct children *children, uint32_t hash, uint32_t place)
{
    uint32_t i = hash & children->index_mask;

    while (children->index[i])
        i = (i + 1) & children->index_mask;
    children->index[i] = place + 1;
}

/* Closes the holes and makes the index anew, at most half full when all slots are used. */
static void rebuild(struct children *children, uint32_t space)
{
    uint32_t used = 0, size = 16;

    for (uint32_t i = 0; i < children->used; i++)
        if (children->slot[i])
            children->slot[used++] = children->slot[i];
    children->used = used;
    if (space != children->space) {
        children->slot = memory_realloc(children->slot, space * sizeof(struct node *));
        children->space = space;
    }
    free(children->index);
    children->index = NULL;
    children->index_mask = 0;
    if (space < INDEX_FROM)
        return;
    while (size < 2 * space)
        size *= 2;
    children->index = memory_zalloc(size * sizeof(*children->index));
    children->index_mask = size - 1;
    for (uint32_t i = 0; i < used; i++)
        index_insert(children, children->slot[i]->hash, i);
}

struct children *children_copy(const struct children *children)
{
    struct children *copy = memory_copy(children, sizeof(*children));

    copy->slot = memory_alloc(copy->space * sizeof(struct node *));
    for (uint32_t i = 0; i < copy->used; i++) {
        copy->slot[i] = children->slot[i];
        if (copy->slot[i])
            copy->slot[i]->references++;
    }
    if (copy->index)
        copy->index = memory_copy(children->index, (copy->index_mask + 1) * sizeof(*copy->index));
    copy->listing = NULL;
    copy->listing_space = 0;
    return copy;
}

static inline bool is_called(const struct node *node, uint32_t hash, const char *name, size_t length)
{
    return node && node->hash == hash && node->name_length == length && !memcmp(node->name, name, length);
}

struct node **children_find(const struct children *children, uint32_t hash, const char *name, size_t length)
{
    if (children->index) {
        uint32_t i = hash & children->index_mask;
        for (; children->index[i]; i = (i + 1) & children->index_mask) {
            struct node **place = &children->slot[children->index[i] - 1];
            if (is_called(*place, hash, name, length))
                return place;
        }
        return NULL;
    }
    for (struct node **place = children->slot, **end = place + children->used; place < end; place++)
        if (is_called(*place, hash, name, length))
            return place;
    return NULL;
}

static void listing_add(struct children *children, const struct node *child)
{
    size_t length = children->listing_length + child->name_length + 1;

    if (children->listing_space) {
        if (length > children->listing_space) {
            children->listing_space = 2 * length;
            children->listing = memory_realloc(children->listing, children->listing_space);
        }
        memcpy(children->listing + children->listing_length, child->name, child->name_length + 1u);
    }
    children->listing_length = length;
}

void children_add(struct children *children, struct node *child)
{
    if (children->used == children->space) /* grow, unless closing the holes frees enough */
        rebuild(children, children->count > children->space / 2 ? children->space * 2 : children->space);
    children->slot[children->used] = child;
    if (children->index)
        index_insert(children, child->hash, children->used);
    children->used++;
    children->count++;
    listing_add(children, child);
}

void children_remove(struct children *children, struct node **place)
{
    children->listing_length -= (*place)->name_length + 1u;
    free(children->listing);
    children->listing = NULL;
    children->listing_space = 0;
    *place = NULL;
    children->count--;
    while (children->used && !children->slot[children->used - 1] && !children->index)
        children->used--;
}

const char *children_listing(struct children *children)
{
    if (!children->listing_space) {
        size_t at = 0;
        children->listing_space = children->listing_length + 64;
        children->listing = memory_alloc(children->listing_space);
        for (uint32_t i = 0; i < children->used; i++) {
            const struct node *child = children->slot[i];
            if (!child)
                continue;
            memcpy(children->listing + at, child->name, child->name_length + 1u);
            at += child->name_length + 1u;
        }
    }
    return children->listing;
}

size_t children_bytes(const struct children *children)
{
    return sizeof(*children) + children->space * sizeof(*children->slot) + children->listing_space +
           (children->index ? (children->index_mask + 1) * sizeof(*children->index) : 0);
}
