/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One-shot timers: see timer.h. Each CPU has a heap and programs its own local APIC for the heap's first deadline; a
 * timer set for another CPU that comes first there makes that CPU reprogram by SOFTIRQ_TIMER.
 *
 * An APIC that is set for too early is left so: what was to end a time slice or to wake an idle guest is moved on or
 * stopped far more often than it is needed, and all those writes to the APIC cost more than one interrupt for nothing,
 * which sets it anew.
 *
 * A timer belongs to the CPU in t->cpu; its lock guards the timer's fields. While its function runs the lock is free
 * and 'running' names it, so that timer_kill can wait.
 */
#include "time/timer.h"
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "platform/lapic.h"
#include "time/calibrate.h"
#include "time/clock.h"
#include "time/timer_heap.h"

struct timer_cpu {
    struct spinlock lock; /* LOCK_LEVEL_TIMER */
    struct timer_heap heap;
    struct timer *running;
    uint64_t programmed; /* deadline that the APIC will have fired by; ~0: none. Own CPU only */
} __aligned_(64);

void (*timer_raise_softirq)(unsigned int cpu);

static struct timer_cpu timer_cpus[CPU_MAX];

void __init timer_init_cpu(void)
{
    struct timer_cpu *c = &timer_cpus[cpu_id()];

    spin_init(&c->lock, LOCK_LEVEL_TIMER);
    c->programmed = ~0ULL;
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
    *t = (struct timer){.fn = fn, .arg = arg, .cpu = (uint16_t)cpu};
}

static struct timer_cpu *timer_lock(struct timer *t, uint64_t *flags)
{
    for (;;) {
        unsigned int cpu = READ_ONCE(t->cpu);
        struct timer_cpu *c = &timer_cpus[cpu];

        *flags = spin_lock_irq(&c->lock);
        if (likely(t->cpu == cpu))
            return c;
        spin_unlock_irq(&c->lock, *flags);
    }
}

/* Own CPU, lock held: has the APIC fire at the first deadline, or earlier. */
static void timer_program(struct timer_cpu *c)
{
    uint64_t first = c->heap.first ? c->heap.first->expires : ~0ULL;
    uint64_t now;

    if (first >= c->programmed)
        return;
    c->programmed = first;
    now = clock_now();
    if (first <= now)
        timer_raise_softirq(cpu_id());
    else
        lapic_timer_start(calibrate_lapic_ticks(first - now));
}

/* The heap's first timer changed: the CPU that owns it must know. */
static void timer_first_changed(struct timer_cpu *c, unsigned int cpu)
{
    if (cpu == cpu_id())
        timer_program(c);
    else
        timer_raise_softirq(cpu);
}

void timer_set(struct timer *t, uint64_t expires)
{
    uint64_t flags;
    struct timer_cpu *c = timer_lock(t, &flags);

    if (!t->killed) {
        if (t->pending)
            timer_heap_remove(&c->heap, t);
        t->expires = expires;
        timer_heap_insert(&c->heap, t);
        if (c->heap.first == t)
            timer_first_changed(c, t->cpu);
    }
    spin_unlock_irq(&c->lock, flags);
}

void timer_stop(struct timer *t)
{
    uint64_t flags;
    struct timer_cpu *c;

    if (!READ_ONCE(t->pending))
        return;
    c = timer_lock(t, &flags);
    if (t->pending)
        timer_heap_remove(&c->heap, t);
    spin_unlock_irq(&c->lock, flags);
}

void timer_kill(struct timer *t)
{
    uint64_t flags;
    struct timer_cpu *c = timer_lock(t, &flags);

    t->killed = true;
    if (t->pending)
        timer_heap_remove(&c->heap, t);
    spin_unlock_irq(&c->lock, flags);
    if (t->cpu == cpu_id())
        return; /* functions run to their end on their CPU */
    while (__atomic_load_n(&c->running, __ATOMIC_ACQUIRE) == t)
        cpu_pause();
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
    uint64_t flags;
    struct timer_cpu *c;
    bool pending;

    if (READ_ONCE(t->cpu) == cpu)
        return;
    c = timer_lock(t, &flags);
    pending = t->pending;
    if (pending)
        timer_heap_remove(&c->heap, t);
    WRITE_ONCE(t->cpu, (uint16_t)cpu);
    spin_unlock_irq(&c->lock, flags);
    if (!pending)
        return;

    /* Between the two locks it may have been set, stopped or moved again: then that is the truth. */
    c = timer_lock(t, &flags);
    if (!t->pending && !t->killed) {
        timer_heap_insert(&c->heap, t);
        if (c->heap.first == t)
            timer_first_changed(c, t->cpu);
    }
    spin_unlock_irq(&c->lock, flags);
}

void timer_interrupt(void)
{
    struct timer_cpu *c = &timer_cpus[cpu_id()];

    c->programmed = ~0ULL;
    timer_raise_softirq(cpu_id());
}

void timer_softirq(void)
{
    struct timer_cpu *c = &timer_cpus[cpu_id()];
    uint64_t flags = spin_lock_irq(&c->lock);
    uint64_t now = clock_now();
    struct timer *t;

    while ((t = c->heap.first) && t->expires <= now) {
        timer_heap_remove(&c->heap, t);
        __atomic_store_n(&c->running, t, __ATOMIC_RELEASE);
        spin_unlock_irq(&c->lock, flags);
        t->fn(t->arg);
        flags = spin_lock_irq(&c->lock);
        __atomic_store_n(&c->running, NULL, __ATOMIC_RELEASE);
        now = clock_now();
    }
    c->programmed = ~0ULL; /* a deadline that was in the past raised this softirq without the APIC */
    if (t)
        timer_program(c);
    spin_unlock_irq(&c->lock, flags);
}

/* The heap's tree, in no particular order. */
static void timer_dump_tree(const struct timer *t, uint64_t now, unsigned int *budget)
{
    for (; t && *budget; t = t->next) {
        --*budget;
        log_info("  timer %p fn %p in %ld us", (const void *)t, (const void *)(uintptr_t)t->fn,
                 (long)(t->expires - now) / 1000);
        if (t->child)
            timer_dump_tree(t->child, now, budget);
    }
}

void timer_dump(void)
{
    unsigned int cpu;

    cpu_for_each (cpu) {
        struct timer_cpu *c = &timer_cpus[cpu];
        uint64_t flags = spin_lock_irq(&c->lock);
        unsigned int budget = 16;

        log_info("CPU%u timers:", cpu);
        timer_dump_tree(c->heap.first, clock_now(), &budget);
        spin_unlock_irq(&c->lock, flags);
    }
}
