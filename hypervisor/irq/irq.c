/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt descriptors. An irq goes through
 *
 *   no chip --irq_set_chip--> idle --bind--> bound to the hypervisor | bound to a guest --unbind--> idle
 *
 * and has a vector from the first binding (MSIs: from irq_prepare) until its chip goes.
 *
 * On delivery to a guest, edge and MSI interrupts are acknowledged at the local APIC and done. A level interrupt would
 * come again at once as its device still asserts the line; so it is masked first, and 'awaits_eoi' until the guest says
 * that it has served the device. Unmasking then repeats it if there is more.
 *
 * A hypervisor's handler runs before the acknowledgement, which is enough for both kinds.
 *
 * Each descriptor has a lock, taken in interrupt context; handlers and the guest hook are called without it. So after
 * irq_unbind a last call can still be on its way on another CPU: irq_synchronize waits for that. The guest hook must
 * tolerate being called late; hypervisor handlers are bound for good.
 */
#include "irq/irq.h"
#include "cpu/x86.h"
#include "irq/descriptor.h"
#include "irq/vector.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "platform/console.h"
#include "platform/lapic.h"

enum irq_use { IRQ_IDLE, IRQ_HYPERVISOR, IRQ_GUEST };

struct irq_desc {
    struct spinlock lock; /* LOCK_LEVEL_IRQ */
    const struct irq_chip *chip;
    bool level;
    bool awaits_eoi;
    bool reserved; /* MSI number that is given out */
    uint8_t use;   /* enum irq_use */
    uint8_t vector;
    unsigned int cpu;
    irq_handler_t handler; /* hypervisor's */
    void *arg;
    struct domain *domain; /* guest's */
    uint32_t in_flight;    /* calls of the handler or the hook; atomic */
    uint64_t count;
};

static struct irq_desc descs[IRQ_MAX];
static unsigned int gsi_count;

void (*irq_guest_handler)(struct domain *d, unsigned int irq);

static struct irq_desc *desc_of(unsigned int irq)
{
    ASSERT(irq < IRQ_MAX);
    return &descs[irq];
}

static void irq_dump(void)
{
    static const char *const uses[] = {"idle", "hypervisor", "guest"};
    for (unsigned int irq = 0; irq < IRQ_MAX; irq++) {
        const struct irq_desc *desc = &descs[irq];
        if (!desc->chip || (desc->use == IRQ_IDLE && !desc->count))
            continue;
        log_info("  irq %3u %s %s vector %#04x CPU %u %s%s %lu times", irq, desc->chip->name,
                 desc->level ? "level" : "edge", desc->vector, desc->cpu, uses[desc->use],
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

void __init irq_set_gsi_count(unsigned int count)
{
    gsi_count = MIN(count, (unsigned int)IRQ_MAX);
}

unsigned int irq_gsi_count(void)
{
    return gsi_count;
}

int irq_set_chip(unsigned int irq, const struct irq_chip *chip, bool level)
{
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    int r = desc->use == IRQ_IDLE ? 0 : -EBUSY;
    if (!r) {
        desc->chip = chip;
        desc->level = level;
        if (!chip) {
            vector_free(desc->vector);
            desc->vector = VECTOR_NONE;
            desc->count = 0;
        }
    }
    spin_unlock_irq(&desc->lock, flags);
    return r;
}

int irq_alloc_msi(void)
{
    for (unsigned int irq = gsi_count; irq < IRQ_MAX; irq++)
        if (!__atomic_exchange_n(&descs[irq].reserved, true, __ATOMIC_ACQ_REL))
            return (int)irq;
    return -ENOSPC;
}

void irq_free_msi(unsigned int irq)
{
    ASSERT(irq >= gsi_count && !desc_of(irq)->chip);
    __atomic_store_n(&desc_of(irq)->reserved, false, __ATOMIC_RELEASE);
}

/* Gives the irq a vector if it has none. Lock held. */
static int assign_vector(struct irq_desc *desc, unsigned int irq)
{
    if (desc->vector == VECTOR_NONE)
        desc->vector = vector_alloc(irq);
    return desc->vector == VECTOR_NONE ? -ENOSPC : 0;
}

int irq_prepare(unsigned int irq, unsigned int cpu)
{
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    int r = desc->chip ? assign_vector(desc, irq) : -EINVAL;
    if (!r) {
        desc->cpu = cpu;
        desc->chip->mask(irq);
        desc->chip->route(irq, desc->vector, cpu);
    }
    spin_unlock_irq(&desc->lock, flags);
    return r;
}

void irq_reprogram(unsigned int irq)
{
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    if (desc->chip && desc->vector != VECTOR_NONE) {
        desc->chip->route(irq, desc->vector, desc->cpu);
        if (desc->use == IRQ_IDLE || desc->awaits_eoi)
            desc->chip->mask(irq);
        else
            desc->chip->unmask(irq);
    }
    spin_unlock_irq(&desc->lock, flags);
}

struct irq_user {
    enum irq_use use;
    irq_handler_t handler;
    void *arg;
    struct domain *domain;
};

static int irq_bind(unsigned int irq, const struct irq_user *user, unsigned int cpu)
{
    if (irq >= IRQ_MAX)
        return -EINVAL;
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    int r = !desc->chip ? -EINVAL : desc->use != IRQ_IDLE ? -EBUSY : assign_vector(desc, irq);
    if (!r) {
        desc->use = (uint8_t)user->use;
        desc->handler = user->handler;
        desc->arg = user->arg;
        desc->domain = user->domain;
        desc->cpu = cpu;
        desc->awaits_eoi = false;
        desc->chip->route(irq, desc->vector, cpu);
        desc->chip->unmask(irq);
    }
    spin_unlock_irq(&desc->lock, flags);
    return r;
}

int __init irq_bind_hypervisor(unsigned int irq, irq_handler_t handler, void *arg, unsigned int cpu)
{
    struct irq_user user = {.use = IRQ_HYPERVISOR, .handler = handler, .arg = arg};
    return irq_bind(irq, &user, cpu);
}

int irq_bind_guest(unsigned int irq, struct domain *d, unsigned int cpu)
{
    struct irq_user user = {.use = IRQ_GUEST, .domain = d};
    return irq_bind(irq, &user, cpu);
}

void irq_unbind(unsigned int irq)
{
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    if (desc->use != IRQ_IDLE) {
        desc->chip->mask(irq);
        desc->use = IRQ_IDLE;
        desc->domain = NULL;
        desc->handler = NULL;
        desc->awaits_eoi = false;
    }
    spin_unlock_irq(&desc->lock, flags);
}

void irq_synchronize(unsigned int irq)
{
    while (__atomic_load_n(&desc_of(irq)->in_flight, __ATOMIC_ACQUIRE))
        cpu_pause();
}

bool irq_is_bound(unsigned int irq)
{
    return irq < IRQ_MAX && READ_ONCE(descs[irq].use) != IRQ_IDLE;
}

bool irq_is_level(unsigned int irq)
{
    return irq < IRQ_MAX && READ_ONCE(descs[irq].level);
}

int irq_set_affinity(unsigned int irq, unsigned int cpu)
{
    if (irq >= IRQ_MAX || cpu >= cpu_count)
        return -EINVAL;
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    if (desc->use != IRQ_IDLE && desc->cpu != cpu) {
        desc->cpu = cpu;
        desc->chip->route(irq, desc->vector, cpu);
    }
    spin_unlock_irq(&desc->lock, flags);
    return 0;
}

void irq_guest_eoi(unsigned int irq)
{
    if (irq >= IRQ_MAX)
        return;
    struct irq_desc *desc = desc_of(irq);
    uint64_t flags = spin_lock_irq(&desc->lock);
    if (desc->awaits_eoi) {
        desc->awaits_eoi = false;
        desc->chip->unmask(irq);
    }
    spin_unlock_irq(&desc->lock, flags);
}

/* What to do after the lock is released; interrupts are off throughout. */
static void irq_deliver(struct irq_desc *desc, unsigned int irq, const struct irq_user *user)
{
    if (user->use == IRQ_HYPERVISOR)
        user->handler(irq, user->arg);
    else if (irq_guest_handler)
        irq_guest_handler(user->domain, irq);
    __atomic_fetch_sub(&desc->in_flight, 1, __ATOMIC_RELEASE);
}

void irq_dispatch(uint8_t vector)
{
    int irq = vector_irq(vector);
    if (irq < 0) {
        lapic_eoi(); /* a device that was let go in the meantime */
        return;
    }
    struct irq_desc *desc = &descs[irq];
    spin_lock(&desc->lock);
    struct irq_user user = {.use = desc->use, .handler = desc->handler, .arg = desc->arg, .domain = desc->domain};
    desc->count++;
    if (user.use == IRQ_IDLE) {
        if (desc->chip && desc->level)
            desc->chip->mask((unsigned int)irq);
    } else {
        __atomic_fetch_add(&desc->in_flight, 1, __ATOMIC_RELAXED);
        if (user.use == IRQ_GUEST && desc->level) {
            desc->chip->mask((unsigned int)irq);
            desc->awaits_eoi = true;
        }
    }
    spin_unlock(&desc->lock);

    if (user.use == IRQ_HYPERVISOR) {
        irq_deliver(desc, (unsigned int)irq, &user);
        lapic_eoi();
        return;
    }
    lapic_eoi();
    if (user.use == IRQ_GUEST)
        irq_deliver(desc, (unsigned int)irq, &user);
}
