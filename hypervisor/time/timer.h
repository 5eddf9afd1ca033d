/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One-shot timers: a heap per CPU by deadline, run in SOFTIRQ_TIMER on that CPU. The local APIC timer is programmed for
 * the first one. A timer's functions may be called from any CPU.
 */
#ifndef HAVEN_TIME_TIMER_H
#define HAVEN_TIME_TIMER_H

#include "lib/types.h"

struct timer {
    uint64_t expires; /* system time, ns */
    void (*fn)(void *arg);
    void *arg;
    struct timer *child, *next, *prev; /* in the heap; see timer_heap.h */
    uint16_t cpu;
    bool pending;
    bool killed;
};

void timer_init_cpu(void);
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu);
void timer_set(struct timer *t, uint64_t expires); /* in the past: runs at once */
void timer_stop(struct timer *t);
void timer_kill(struct timer *t); /* stopped, not running anywhere any more, never set again */
void timer_migrate(struct timer *t, unsigned int cpu);

/* Called by entry/interrupt.c for VECTOR_TIMER: raises the softirq. */
void timer_interrupt(void);

/* Handler of SOFTIRQ_TIMER: runs what is due on this CPU and programs the APIC for the rest. */
void timer_softirq(void);

/* Set by sched/ (which knows softirqs): raises SOFTIRQ_TIMER on a CPU. */
extern void (*timer_raise_softirq)(unsigned int cpu);

/* For debug keys: this CPU's and all others' pending timers. */
void timer_dump(void);

#endif
