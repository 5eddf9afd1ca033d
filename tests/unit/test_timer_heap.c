/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The timer heap against a model that keeps a plain array: random inserts, removals and expiries. */
#include "time/timer_heap.h"
#include "unit.h"

#define TIMERS 300

static struct timer timers[TIMERS];

static struct timer *model_first(void)
{
    struct timer *first = NULL;

    for (unsigned int i = 0; i < TIMERS; i++)
        if (timers[i].pending && (!first || timers[i].expires < first->expires))
            first = &timers[i];
    return first;
}

/* Counts the timers below t, and holds each against its parent. */
static unsigned int tree_check(const struct timer *t)
{
    unsigned int count = 0;

    for (const struct timer *kid = t->child, *prev = t; kid; prev = kid, kid = kid->next) {
        CU_ASSERT(kid->prev == prev);
        CU_ASSERT(kid->expires >= t->expires);
        CU_ASSERT(kid->pending);
        count += 1 + tree_check(kid);
    }
    return count;
}

static void check(const struct timer_heap *h)
{
    struct timer *first = model_first();
    unsigned int pending = 0;

    for (unsigned int i = 0; i < TIMERS; i++)
        pending += timers[i].pending;
    CU_ASSERT((h->first != NULL) == (first != NULL));
    if (!h->first || !first)
        return;
    CU_ASSERT(h->first->expires == first->expires);
    CU_ASSERT(!h->first->next && !h->first->prev);
    CU_ASSERT(1 + tree_check(h->first) == pending);
}

static void run_random(unsigned int range)
{
    struct timer_heap h = {NULL};

    for (unsigned int i = 0; i < TIMERS; i++)
        timers[i] = (struct timer){.fn = NULL};
    for (unsigned int step = 0; step < 30000; step++) {
        struct timer *t = &timers[unit_random() % TIMERS];

        if (t->pending) {
            timer_heap_remove(&h, t);
        } else {
            t->expires = (uint64_t)unit_random() % range;
            timer_heap_insert(&h, t);
        }
        if (unit_random() % 4 == 0 && h.first)
            timer_heap_remove(&h, h.first);
        if (step % 16 == 0)
            check(&h);
    }
    while (h.first) {
        struct timer *first = h.first;

        timer_heap_remove(&h, first);
        CU_ASSERT(!h.first || h.first->expires >= first->expires);
    }
    CU_ASSERT(model_first() == NULL);
}

static void test_random(void)
{
    run_random(1000000);
}

static void test_many_equal(void)
{
    run_random(3);
}

static void test_ascending_and_descending(void)
{
    struct timer_heap h = {NULL};

    for (unsigned int i = 0; i < TIMERS; i++) {
        timers[i] = (struct timer){.expires = i < TIMERS / 2 ? i : 2 * TIMERS - i};
        timer_heap_insert(&h, &timers[i]);
    }
    for (uint64_t last = 0; h.first;) {
        CU_ASSERT(h.first->expires >= last);
        last = h.first->expires;
        timer_heap_remove(&h, h.first);
    }
}

int main(void)
{
    CU_TestInfo cases[] = {{"random", test_random},
                           {"many equal", test_many_equal},
                           {"ascending and descending", test_ascending_and_descending},
                           CU_TEST_INFO_NULL};
    return unit_run("timer_heap", cases);
}
