/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table for all CPUs: 200 vectors are enough for the machines in mind, and an irq that moves to another CPU keeps
 * its vector, so that no interrupt can be on its way to a place where it is not expected.
 *
 * Vectors are given out round robin: a late interrupt of a device that is gone meets a free vector for as long as
 * possible instead of the next owner. The top four bits of a vector are its priority in the local APIC, but interrupts
 * are never nested in ours, so priority only orders what waits at the same time.
 */
#include "irq/vector.h"
#include "cpu/regs.h"
#include "lib/spinlock.h"

#define VECTOR_GUEST_INT80 0x80 /* has a gate for guests */

static struct spinlock lock = SPINLOCK_INIT(LOCK_LEVEL_DEVICE);
static uint16_t owner[256];                          /* irq + 1; 0: free. Written under the lock, read without. */
static unsigned int next = VECTOR_DEVICE_FIRST + 16; /* the first 16 are where the 8259s would speak up */

static bool usable(unsigned int vector)
{
    return vector != VECTOR_GUEST_INT80 && !owner[vector];
}

uint8_t vector_alloc(unsigned int irq)
{
    uint8_t found = VECTOR_NONE;
    uint64_t flags = spin_lock_irq(&lock);
    for (unsigned int i = VECTOR_DEVICE_FIRST; i <= VECTOR_DEVICE_LAST && !found; i++) {
        if (usable(next)) {
            found = (uint8_t)next;
            __atomic_store_n(&owner[next], (uint16_t)(irq + 1), __ATOMIC_RELEASE);
        }
        next = next == VECTOR_DEVICE_LAST ? VECTOR_DEVICE_FIRST + 16 : next + 1;
    }
    spin_unlock_irq(&lock, flags);
    return found;
}

void vector_free(uint8_t vector)
{
    if (vector != VECTOR_NONE)
        __atomic_store_n(&owner[vector], 0, __ATOMIC_RELEASE);
}

int vector_irq(uint8_t vector)
{
    return (int)__atomic_load_n(&owner[vector], __ATOMIC_ACQUIRE) - 1;
}
