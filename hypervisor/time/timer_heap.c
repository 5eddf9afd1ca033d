/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pairing heap of timers: see timer_heap.h. Every loop is over siblings; nothing recurses. */
#include "time/timer_heap.h"

/* Two roots (no siblings) become one. */
static struct timer *heap_meld(struct timer *a, struct timer *b)
{
    struct timer *parent = a, *kid = b;

    if (!a || !b)
        return a ? a : b;
    if (b->expires < a->expires) {
        parent = b;
        kid = a;
    }
    kid->next = parent->child;
    if (kid->next)
        kid->next->prev = kid;
    kid->prev = parent;
    parent->child = kid;
    parent->next = parent->prev = NULL;
    return parent;
}

/* A list of siblings becomes one root: pairs from left to right, then the pairs from right to left. */
static struct timer *heap_meld_siblings(struct timer *t)
{
    struct timer *pairs = NULL, *root = NULL;

    while (t) {
        struct timer *a = t, *b = t->next, *pair;

        t = b ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b)
            b->next = b->prev = NULL;
        pair = heap_meld(a, b);
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs) {
        struct timer *rest = pairs->next;

        pairs->next = NULL;
        root = heap_meld(root, pairs);
        pairs = rest;
    }
    return root;
}

void timer_heap_insert(struct timer_heap *h, struct timer *t)
{
    t->child = t->next = t->prev = NULL;
    t->pending = true;
    h->first = heap_meld(h->first, t);
}

void timer_heap_remove(struct timer_heap *h, struct timer *t)
{
    struct timer *kids = heap_meld_siblings(t->child);

    if (h->first == t) {
        h->first = kids;
    } else {
        if (t->prev->child == t)
            t->prev->child = t->next;
        else
            t->prev->next = t->next;
        if (t->next)
            t->next->prev = t->prev;
        h->first = heap_meld(h->first, kids);
    }
    t->child = t->next = t->prev = NULL;
    t->pending = false;
}
