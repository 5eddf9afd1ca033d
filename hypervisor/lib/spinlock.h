/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket spin locks with their order made executable: each lock has a level from the enum below, and a CPU may take a
 * lock only when its level is higher than that of every lock it holds (checked in debug builds, the default). The enum
 * is the project's lock order; docs/locking.md explains it.
 *
 * Plain locks are taken with interrupts in any state and never in an interrupt handler. A lock that an interrupt
 * handler takes is only ever taken by the _irq functions, which return the flags to hand back.
 */
#ifndef HAVEN_LIB_SPINLOCK_H
#define HAVEN_LIB_SPINLOCK_H

#include "lib/types.h"

enum lock_level {
    LOCK_LEVEL_NONE,
    LOCK_LEVEL_DOMCTL,     /* one control operation at a time */
    LOCK_LEVEL_DOMAIN,     /* struct domain: life cycle, parameters */
    LOCK_LEVEL_PHYSDEV,    /* pirq tables of a domain, PCI devices */
    LOCK_LEVEL_GRANT,      /* grant table of a domain (two at once: lower address first, by spin_lock_second) */
    LOCK_LEVEL_PAGE_TABLE, /* page tables and page types of a domain (two at once: likewise) */
    LOCK_LEVEL_PAGES,      /* a domain's page list and counts */
    LOCK_LEVEL_EVENT,      /* event channels of a domain (two at once: likewise) */
    LOCK_LEVEL_VIRQ,
    LOCK_LEVEL_TIME,       /* wall clock, calibration */
    LOCK_LEVEL_RUNQUEUE,   /* a CPU's run queue (two at once: likewise) */
    LOCK_LEVEL_TIMER,      /* a CPU's timer heap */
    LOCK_LEVEL_IRQ,        /* interrupt descriptors */
    LOCK_LEVEL_DEVICE,     /* IO-APIC, PCI config, RTC, PIT */
    LOCK_LEVEL_HEAP,       /* allocators: small objects */
    LOCK_LEVEL_BUDDY,      /* allocators: frames */
    LOCK_LEVEL_TLB,        /* one remote flush at a time */
    LOCK_LEVEL_CONSOLE,    /* always last, so that anything can be logged */
};

struct spinlock {
    uint16_t owner, next; /* tickets */
    uint8_t level;
    uint8_t saved_level; /* level this CPU held before; meaningful while held */
    int16_t cpu;         /* holder, -1 when free: for diagnosis */
};

#define SPINLOCK_INIT(lvl)                                                                                            \
    {                                                                                                                 \
        .level = (lvl), .cpu = -1                                                                                     \
    }

static inline void spin_init(struct spinlock *l, enum lock_level level)
{
    *l = (struct spinlock)SPINLOCK_INIT(level);
}

void spin_lock(struct spinlock *l);
bool spin_trylock(struct spinlock *l);
void spin_unlock(struct spinlock *l);

/* Takes a second lock of the same level: the caller orders the pair by address. */
void spin_lock_second(struct spinlock *l);

/* With interrupts off; the returned flags go to spin_unlock_irq. */
uint64_t spin_lock_irq(struct spinlock *l);
void spin_unlock_irq(struct spinlock *l, uint64_t flags);

#endif
