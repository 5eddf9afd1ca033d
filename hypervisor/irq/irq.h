/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt sources and their vectors. An irq is a number of our own: 0..nr_gsi-1 are the GSIs of the IO-APICs, above
 * them come MSIs. Each bound irq owns one vector on all CPUs of its target set. Handlers run with interrupts off.
 *
 * Hypervisor-owned irqs (serial line) run a C handler. Guest-owned ones call the hook that event/pirq.c set: edge and
 * MSI interrupts are acknowledged at once; a level interrupt is masked at the IO-APIC until the guest's EOI.
 */
#ifndef HAVEN_IRQ_IRQ_H
#define HAVEN_IRQ_IRQ_H

#include "cpu/cpu_local.h"
#include "lib/types.h"

#define IRQ_MAX 256

struct domain;
struct irq_desc;

/* The hardware behind an irq: IO-APIC pin or MSI (platform/ioapic.c, platform/msi.c). Called with the irq's lock held.
 */
struct irq_chip {
    const char *name;
    void (*mask)(unsigned int irq);
    void (*unmask)(unsigned int irq);
    void (*route)(unsigned int irq, uint8_t vector, unsigned int cpu); /* program vector and target */
};

typedef void (*irq_handler_t)(unsigned int irq, void *arg);

void irq_init(void);

/* Gives irq a chip (NULL takes it away). level: must be masked until the guest is done. */
int irq_set_chip(unsigned int irq, const struct irq_chip *chip, bool level);
int irq_alloc_msi(void); /* a free irq number above the GSIs, or -ENOSPC */
void irq_free_msi(unsigned int irq);

/* Binds a handler, routes to 'cpu' and unmasks. -EBUSY if it is bound. */
int irq_bind_hypervisor(unsigned int irq, irq_handler_t handler, void *arg, unsigned int cpu);
int irq_bind_guest(unsigned int irq, struct domain *d, unsigned int cpu);
void irq_unbind(unsigned int irq);
int irq_set_affinity(unsigned int irq, unsigned int cpu);
bool irq_is_level(unsigned int irq);

/* The guest is done with a level interrupt. */
void irq_guest_eoi(unsigned int irq);

/* Set by event/pirq.c: a guest's irq came. */
extern void (*irq_guest_handler)(struct domain *d, unsigned int irq);

/* Called by entry/interrupt.c for device vectors. */
void irq_dispatch(uint8_t vector);

/* Runs fn(arg) on each CPU of the set, this one included if in it, and waits. Not from interrupt handlers. */
void irq_call_on(cpumask_t cpus, void (*fn)(void *), void *arg);
void irq_call_ipi_handler(void);

#endif
