/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Doubly linked circular list with a head; the links live in the elements. */
#ifndef HAVEN_LIB_LIST_H
#define HAVEN_LIB_LIST_H

#include "lib/types.h"

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name)                                                                                                \
    {                                                                                                                  \
        &(name), &(name)                                                                                               \
    }

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_insert_between(struct list *e, struct list *prev, struct list *next)
{
    e->prev = prev;
    e->next = next;
    prev->next = e;
    next->prev = e;
}

static inline void list_add(struct list *head, struct list *e)
{
    list_insert_between(e, head, head->next);
}

static inline void list_add_tail(struct list *head, struct list *e)
{
    list_insert_between(e, head->prev, head);
}

/* The element is left as an empty list of its own, so that list_empty(e) says "on no list". */
static inline void list_remove(struct list *e)
{
    e->prev->next = e->next;
    e->next->prev = e->prev;
    list_init(e);
}

#define list_entry(p, type, m)       CONTAINER_OF(p, type, m)
#define list_first_entry(h, type, m) list_entry((h)->next, type, m)
#define list_for_each_entry(p, h, m)                                                                                   \
    for ((p) = list_entry((h)->next, __typeof__(*(p)), m); &(p)->m != (h);                                             \
         (p) = list_entry((p)->m.next, __typeof__(*(p)), m))

#endif
