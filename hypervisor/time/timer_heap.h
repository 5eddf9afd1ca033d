/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pending timers of one CPU, ordered by deadline: a pairing heap whose links lie in the timers, so that it needs no
 * memory and has no capacity. Pure; the caller locks.
 *
 * A timer points to its first child and to its next sibling; prev is the previous sibling, or the parent for a first
 * child. Insert and look at the first: O(1); removing: O(log n) amortised.
 */
#ifndef HAVEN_TIME_TIMER_HEAP_H
#define HAVEN_TIME_TIMER_HEAP_H

#include "time/timer.h"

struct timer_heap {
    struct timer *first; /* earliest deadline, or NULL */
};

void timer_heap_insert(struct timer_heap *h, struct timer *t);
void timer_heap_remove(struct timer_heap *h, struct timer *t); /* must be in this heap */

#endif
