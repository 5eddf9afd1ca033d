/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt descriptors. An irq goes through
 *
 *   no chip --irq_set_chip--> idle --irq_bind--> bound --irq_unbind--> idle
 *
 * and has a vector from the first binding (MSIs: from irq_program) until its chip goes. There is one table of vectors
 * for all CPUs: 191 are enough for the machines in mind, and an irq that moves to another CPU keeps its vector, so that
 * no interrupt can be on its way to a place where it is not expected.
 *
 * A level interrupt of a guest would come again at once, as its device still asserts the line; so it is masked, and
 * 'awaits_eoi' until the guest says that it has served the device. Unmasking then repeats it if there is more. The
 * hypervisor's own handlers serve the device before the acknowledgement.
 *
 * Each descriptor has a lock, taken in interrupt context; handlers are called without it. So after irq_unbind a last
 * call can still be on its way on another CPU: irq_synchronize waits for that, and a guest's handler must tolerate
 * being called late. The hypervisor's are bound for good.
 */
#include "irq/irq.h"
#include "cpu/x86.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "platform/console.h"
#include "platform/lapic.h"

#define VECTOR_NONE        0                          /* never a device's */
#define VECTOR_FIRST       (VECTOR_DEVICE_FIRST + 16) /* the first 16 are where the 8259s would speak up */
#define VECTOR_GUEST_INT80 0x80                       /* has a gate for guests */

static struct irq_desc {
    struct spinlock lock; /* LOCK_LEVEL_IRQ */
    const struct irq_chip *chip;
    bool level;
    bool for_guest;
    bool awaits_eoi;
    uint8_t vector;
    unsigned int cpu;
    irq_handler_t handler; /* NULL: not bound */
    void *arg;
    uint32_t in_flight; /* calls of the handler; atomic */
    uint64_t count;
} descs[IRQ_MAX];

static uint16_t irq_of_vector[256]; /* irq + 1; 0: free; atomic */

static struct irq_desc *desc_of(unsigned int irq)
{
    ASSERT(irq < IRQ_MAX);
    return &descs[irq];
}

static uint8_t vector_alloc(unsigned int irq)
{
    for (unsigned int v = VECTOR_FIRST; v <= VECTOR_DEVICE_LAST; v++) {
        uint16_t nobody = 0;
        if (v != VECTOR_GUEST_INT80 && __atomic_compare_exchange_n(&irq_of_vector[v], &nobody, (uint16_t)(irq + 1),
                                                                   false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
            return (uint8_t)v;
    }
    return VECTOR_NONE;
}

static void irq_dump(void)
{
    for (unsigned int irq = 0; irq < IRQ_MAX; irq++) {
        const struct irq_desc *desc = &descs[irq];
        if (desc->chip && (desc->handler || desc->count))
            log_info("  irq %3u %s %s vector %#04x CPU %u %s%s %lu times", irq,
                     irq < irq_gsi_count() ? "IO-APIC" : "MSI", desc->level ? "level" : "edge", desc->vector, desc->cpu,
                     !desc->handler    ? "idle"
                     : desc->for_guest ? "guest"
                                       : "hypervisor",
                     desc->awaits_eoi ? " awaits EOI" : "", desc->count);
    }
}

void __init irq_init(void)
{
    static const struct debug_key key = {'i', "interrupts", irq_dump};
    for (unsigned int i = 0; i < IRQ_MAX; i++)
        spin_init(&descs[i].lock, LOCK_LEVEL_IRQ);
    debug_key_register(&key);
}

int irq_set_chip(unsigned int irq, const struct irq_chip *chip, bool level)
{
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    int r = desc->handler ? -EBUSY : 0;
    if (!r) {
        desc->chip = chip;
        desc->level = level;
        if (!chip && desc->vector != VECTOR_NONE) {
            __atomic_store_n(&irq_of_vector[desc->vector], 0, __ATOMIC_RELEASE);
            desc->vector = VECTOR_NONE;
            desc->count = 0;
        }
    }
    spin_unlock_irq(&desc->lock, flags);
    return r;
}

/* Lock held. */
static int program_locked(struct irq_desc *desc, unsigned int irq)
{
    if (desc->vector == VECTOR_NONE)
        desc->vector = vector_alloc(irq);
    if (desc->vector == VECTOR_NONE)
        return -ENOSPC;
    desc->chip->route(irq, desc->vector, desc->cpu);
    desc->chip->mask(irq, !desc->handler || desc->awaits_eoi);
    return 0;
}

int irq_program(unsigned int irq)
{
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    int r = program_locked(desc, irq);
    spin_unlock_irq(&desc->lock, flags);
    return r;
}

int irq_bind(unsigned int irq, irq_handler_t handler, void *arg, bool for_guest, unsigned int cpu)
{
    if (irq >= IRQ_MAX)
        return -EINVAL;
    struct irq_desc *desc = &descs[irq];
    uint64_t flags = spin_lock_irq(&desc->lock);
    int r = !desc->chip ? -EINVAL : desc->handler ? -EBUSY : 0;
    if (!r) {
        desc->handler = handler;
        desc->arg = arg;
        desc->for_guest = for_guest;
        desc->cpu = cpu;
        r = program_locked(desc, irq);
        if (r)
            desc->handler = NULL;
    }
    spin_unlock_irq(&desc->lock, flags);
    return r;
}

void irq_unbind(unsigned int irq)
{
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    desc->chip->mask(irq, true);
    desc->handler = NULL;
    desc->awaits_eoi = false;
    spin_unlock_irq(&desc->lock, flags);
}

void irq_synchronize(unsigned int irq)
{
    while (__atomic_load_n(&desc_of(irq)->in_flight, __ATOMIC_ACQUIRE))
        cpu_pause();
}

bool irq_is_level(unsigned int irq)
{
    return READ_ONCE(desc_of(irq)->level);
}

void irq_set_affinity(unsigned int irq, unsigned int cpu)
{
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    if (desc->handler && desc->cpu != cpu) {
        desc->cpu = cpu;
        desc->chip->route(irq, desc->vector, cpu);
    }
    spin_unlock_irq(&desc->lock, flags);
}

void irq_guest_eoi(unsigned int irq)
{
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    if (desc->awaits_eoi) {
        desc->awaits_eoi = false;
        desc->chip->mask(irq, false);
    }
    spin_unlock_irq(&desc->lock, flags);
}

/* Interrupts are off throughout. */
void irq_dispatch(uint8_t vector)
{
    unsigned int irq = __atomic_load_n(&irq_of_vector[vector], __ATOMIC_ACQUIRE) - 1u;
    if (irq < IRQ_MAX) { /* else a device that was let go in the meantime */
        struct irq_desc *desc = &descs[irq];
        spin_lock(&desc->lock);
        irq_handler_t handler = desc->handler;
        void *arg = desc->arg;
        desc->count++;
        if (handler)
            __atomic_fetch_add(&desc->in_flight, 1, __ATOMIC_RELAXED);
        if (desc->level && (!handler || desc->for_guest) && desc->chip) {
            desc->chip->mask(irq, true);
            desc->awaits_eoi = handler;
        }
        spin_unlock(&desc->lock);
        if (handler) {
            handler(irq, arg);
            __atomic_fetch_sub(&desc->in_flight, 1, __ATOMIC_RELEASE);
        }
    }
    lapic_eoi();
}
