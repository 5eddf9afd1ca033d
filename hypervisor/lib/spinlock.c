/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The waiting side of ticket locks, and the check of the lock order.
 *
 * A CPU's held levels are a word of bits, so locks may be released in any order. A lock is allowed when no bit at or
 * above its level is set; a second lock of a pair when its own level's bit is set and none above. Interrupt handlers
 * interrupt holders of plain locks at any level and only take _irq locks, which no interrupted code of that CPU can
 * hold: they are outside the order.
 */
#include "lib/spinlock.h"
#include "lib/assert.h"

void (*spin_waiting)(void);

void spin_wait(struct spinlock *l, uint16_t ticket)
{
    while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket) {
        if (spin_waiting)
            spin_waiting();
        __builtin_ia32_pause();
    }
}

#ifdef HAVEN_DEBUG_LOCKS
uint32_t *(*spin_held_levels)(void);

void spin_check_lock(struct spinlock *l, bool second)
{
    uint32_t *held = spin_held_levels ? spin_held_levels() : NULL;

    if (!held)
        return;
    if (second)
        ASSERT(*held >> l->level == 1);
    else
        ASSERT(*held >> l->level == 0);
    *held |= 1u << l->level;
    l->second = second;
}

void spin_check_unlock(struct spinlock *l)
{
    uint32_t *held = spin_held_levels ? spin_held_levels() : NULL;

    ASSERT(spin_is_locked(l));
    if (held && !l->second)
        *held &= ~(1u << l->level);
    l->second = false;
}
#endif
