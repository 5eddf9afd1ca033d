/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket spin locks with their order made executable: each lock has a level from the enum below, and a CPU may take a
 * lock only when its level is higher than that of every lock it holds (checked when built with -DHAVEN_DEBUG_LOCKS).
 * The enum is the project's lock order; docs/locking.md explains it.
 *
 * Plain locks are taken with interrupts in any state and never in an interrupt handler. A lock that an interrupt
 * handler takes is only ever taken by the _irq functions, which return the flags to hand back.
 *
 * Taking a free lock is one locked instruction in line; waiting is out of line. The two tickets are one 32-bit word for
 * the taker's exchange-and-add, while the holder alone writes the lower half to pass the lock on.
 */
#ifndef HAVEN_LIB_SPINLOCK_H
#define HAVEN_LIB_SPINLOCK_H

#include "lib/types.h"

enum lock_level {
    LOCK_LEVEL_NONE,
    LOCK_LEVEL_DOMCTL,     /* one control operation at a time */
    LOCK_LEVEL_DOMAIN,     /* struct domain: life cycle, parameters */
    LOCK_LEVEL_PHYSDEV,    /* PCI devices */
    LOCK_LEVEL_GRANT,      /* grant table of a domain (two at once: lower address first, by spin_lock_second) */
    LOCK_LEVEL_PAGE_TABLE, /* page tables and page types of a domain (two at once: likewise) */
    LOCK_LEVEL_PAGES,      /* a domain's page list and counts */
    LOCK_LEVEL_EVENT,      /* event channels and pirqs of a domain (two at once: likewise) */
    LOCK_LEVEL_VIRQ,
    LOCK_LEVEL_DOMAIN_LIST, /* who exists: looked up under most other locks, never in interrupts */
    LOCK_LEVEL_TIME,        /* wall clock, calibration */
    LOCK_LEVEL_RUNQUEUE,    /* a CPU's run queue (two at once: likewise) */
    LOCK_LEVEL_TIMER,       /* a CPU's timer heap */
    LOCK_LEVEL_IRQ,         /* interrupt descriptors */
    LOCK_LEVEL_DEVICE,      /* IO-APIC, PCI config, RTC, PIT */
    LOCK_LEVEL_HV_MAP,      /* the hypervisor's own page tables */
    LOCK_LEVEL_HEAP,        /* allocators: small objects */
    LOCK_LEVEL_BUDDY,       /* allocators: frames */
    LOCK_LEVEL_TLB,         /* one remote flush at a time */
    LOCK_LEVEL_CONSOLE,     /* always last, so that anything can be logged */
};

struct spinlock {
    union {
        uint32_t tickets; /* next << 16 | owner */
        uint16_t owner;
    };
    uint8_t level;
    bool second; /* taken by spin_lock_second; meaningful while held */
    int16_t unused_;
};

#define SPINLOCK_INIT(lvl)                                                                                             \
    {                                                                                                                  \
        .level = (lvl)                                                                                                 \
    }

static inline void spin_init(struct spinlock *l, enum lock_level level)
{
    *l = (struct spinlock)SPINLOCK_INIT(level);
}

/* Waits until the lock's owner is 'ticket'. Meanwhile spin_waiting is called again and again: mm/tlb.c serves other
 * CPUs' flush requests there, so that a CPU may flush while it holds locks. */
void spin_wait(struct spinlock *l, uint16_t ticket);
extern void (*spin_waiting)(void);

#ifdef HAVEN_DEBUG_LOCKS
void spin_check_lock(struct spinlock *l, bool second);
void spin_check_unlock(struct spinlock *l);
/* Set from above: this CPU's word of held levels, NULL where the order is not checked (in interrupt handlers). */
extern uint32_t *(*spin_held_levels)(void);
#else
static inline void spin_check_lock(struct spinlock *l, bool second)
{
    (void)l;
    (void)second;
}
static inline void spin_check_unlock(struct spinlock *l)
{
    (void)l;
}
#endif

static inline void spin_acquire(struct spinlock *l)
{
    uint32_t old = __atomic_fetch_add(&l->tickets, 0x10000, __ATOMIC_ACQUIRE);

    if (__builtin_expect((uint16_t)old != (uint16_t)(old >> 16), 0))
        spin_wait(l, (uint16_t)(old >> 16));
}

static inline void spin_lock(struct spinlock *l)
{
    spin_check_lock(l, false);
    spin_acquire(l);
}

/* Takes a second lock of the same level: the caller orders the pair by address. */
static inline void spin_lock_second(struct spinlock *l)
{
    spin_check_lock(l, true);
    spin_acquire(l);
}

static inline bool spin_trylock(struct spinlock *l)
{
    uint32_t old = __atomic_load_n(&l->tickets, __ATOMIC_RELAXED);

    if ((uint16_t)old != (uint16_t)(old >> 16) ||
        !__atomic_compare_exchange_n(&l->tickets, &old, old + 0x10000, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    spin_check_lock(l, false);
    return true;
}

static inline void spin_unlock(struct spinlock *l)
{
    spin_check_unlock(l);
    __atomic_store_n(&l->owner, (uint16_t)(l->owner + 1), __ATOMIC_RELEASE);
}

static inline bool spin_is_locked(const struct spinlock *l)
{
    uint32_t t = __atomic_load_n(&l->tickets, __ATOMIC_RELAXED);
    return (uint16_t)t != (uint16_t)(t >> 16);
}

/* With interrupts off; the returned flags go to spin_unlock_irq. */
static inline uint64_t spin_lock_irq(struct spinlock *l)
{
    uint64_t flags = 0;

#ifndef HAVEN_HOSTED
    __asm__ volatile("pushfq\n\tpop %0\n\tcli" : "=r"(flags) : : "memory");
#endif
    spin_lock(l);
    return flags;
}

static inline void spin_unlock_irq(struct spinlock *l, uint64_t flags)
{
    spin_unlock(l);
#ifndef HAVEN_HOSTED
    if (flags & 0x200)
        __asm__ volatile("sti" : : : "memory");
#else
    (void)flags;
#endif
}

#endif
