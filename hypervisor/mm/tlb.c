/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB flushes on this and other CPUs.
 *
 * The clock counts full flushes of all CPUs together. A CPU takes its new time before it flushes, so whatever was
 * stamped earlier is gone when the flush is done. An interrupt in between may leave a CPU with a time that is too old:
 * that costs a flush more, never one too few.
 *
 * Remote flushes: one at a time, by flush.lock. The request is the address and the set of CPUs that still have to serve
 * it; each target clears its own bit. Whoever waits for a lock, this one or any other, serves requests for its own CPU
 * (spin_waiting), so neither two flushers nor a flusher that holds locks can deadlock.
 */
#include "mm/tlb.h"
#include "cpu/x86.h"
#include "lib/compiler.h"
#include "lib/spinlock.h"

void (*tlb_send_ipi)(cpumask_t cpus, uint8_t vector);

static uint64_t tlb_clock = 1;

static struct {
    struct spinlock lock; /* LOCK_LEVEL_TLB */
    uint64_t va;
    cpumask_t waiting; /* atomic */
} flush = {.lock = SPINLOCK_INIT(LOCK_LEVEL_TLB)};

uint64_t tlb_clock_now(void)
{
    return __atomic_load_n(&tlb_clock, __ATOMIC_RELAXED);
}

void tlb_load_cr3(uint64_t cr3)
{
    struct cpu_local *c = cpu_this();
    uint64_t now = __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST);

    c->cr3 = cr3;
    write_cr3(cr3);
    WRITE_ONCE(c->tlb_time, now);
}

void tlb_flush_local(void)
{
    tlb_load_cr3(read_cr3());
}

/* Toggling CR4.PGE drops everything (SDM 3A 4.10.4.1). */
static void flush_global_local(void)
{
    uint64_t now = __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST), cr4 = read_cr4();

    write_cr4(cr4 ^ CR4_PGE);
    write_cr4(cr4);
    WRITE_ONCE(cpu_this()->tlb_time, now);
}

static void flush_here(uint64_t va)
{
    if (va == TLB_ALL)
        tlb_flush_local();
    else if (va == TLB_GLOBAL)
        flush_global_local();
    else
        invlpg(va);
}

/* Serves a request for this CPU if there is one. Interrupts are off. */
void tlb_ipi_handler(void)
{
    cpumask_t self = CPUMASK(cpu_id());

    if (!(__atomic_load_n(&flush.waiting, __ATOMIC_ACQUIRE) & self))
        return;
    flush_here(READ_ONCE(flush.va));
    __atomic_fetch_and(&flush.waiting, ~self, __ATOMIC_SEQ_CST);
}

/* The handler must not be entered between the two halves of tlb_ipi_handler(): it would clear the bit of the next
 * request. */
static void serve_while_waiting(void)
{
    if (!(__atomic_load_n(&flush.waiting, __ATOMIC_RELAXED) & CPUMASK(cpu_id())))
        return;
    uint64_t flags = irq_save();
    tlb_ipi_handler();
    irq_restore(flags);
}

#ifdef HAVEN_DEBUG_LOCKS
static uint32_t *held_levels(void)
{
    struct cpu_local *c = cpu_this();
    return c->irq_depth ? NULL : &c->lock_level;
}
#endif

/* What lib/spinlock.c wants to know of CPUs, which it does not. */
void __init tlb_init(void)
{
    spin_waiting = serve_while_waiting;
#ifdef HAVEN_DEBUG_LOCKS
    spin_held_levels = held_levels;
#endif
}

static void flush_others(cpumask_t cpus, uint64_t va)
{
    spin_lock(&flush.lock); /* serves others while it waits */
    flush.va = va;
    __atomic_store_n(&flush.waiting, cpus, __ATOMIC_SEQ_CST);
    tlb_send_ipi(cpus, VECTOR_IPI_TLB);
    while (__atomic_load_n(&flush.waiting, __ATOMIC_ACQUIRE))
        cpu_pause(); /* only the holder of the lock has a request out: there is nothing to serve */
    spin_unlock(&flush.lock);
}

/* This CPU's own part comes first: a vCPU never moves while it is in the hypervisor, so "this CPU" does not change. */
void tlb_flush_mask(cpumask_t cpus, uint64_t va)
{
    cpumask_t self = CPUMASK(cpu_id());

    cpus &= cpu_online | self;
    if (cpus & self)
        flush_here(va);
    if (cpus & ~self)
        flush_others(cpus & ~self, va);
}

cpumask_t tlb_filter(cpumask_t cpus, uint64_t stamp)
{
    cpumask_t stale = 0;
    unsigned int cpu;

    cpu_for_each_in (cpu, cpus) {
        if (READ_ONCE(cpu_local_of(cpu)->tlb_time) <= stamp)
            stale |= CPUMASK(cpu);
    }
    return stale;
}
