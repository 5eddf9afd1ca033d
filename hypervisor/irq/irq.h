/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt sources and their vectors. An irq is a number of our own: 0..nr_gsi-1 are the GSIs of the IO-APICs, above
 * them come MSIs. Each bound irq owns one vector on all CPUs of its target set. Handlers run with interrupts off.
 *
 * Both the hypervisor's own irqs (serial line) and the guests' (event/pirq.c) run a C handler. A level interrupt of a
 * guest is masked at the IO-APIC until the guest's EOI.
 */
#ifndef HAVEN_IRQ_IRQ_H
#define HAVEN_IRQ_IRQ_H

#include "cpu/cpu_local.h"
#include "lib/types.h"

#define IRQ_MAX 256

/* The hardware behind an irq: IO-APIC pin or MSI (ioapic.c, msi.c). Called with the irq's lock held. */
struct irq_chip {
    void (*mask)(unsigned int irq, bool masked);
    void (*route)(unsigned int irq, uint8_t vector, unsigned int cpu); /* program vector and target */
};

typedef void (*irq_handler_t)(unsigned int irq, void *arg);

void irq_init(void);

/* GSIs are irqs 0..count-1 (ioapic.c). */
unsigned int irq_gsi_count(void);

/* Gives an unbound irq a chip (NULL takes it away). level: must be masked until the guest is done. -EBUSY: it is bound.
 */
int irq_set_chip(unsigned int irq, const struct irq_chip *chip, bool level);

/* Writes vector, target and mask to the hardware: of an MSI that is not bound yet, or after a reset. -ENOSPC: no
 * vector. */
int irq_program(unsigned int irq);

/* Binds a handler, routes to 'cpu' and unmasks. for_guest: a level interrupt waits for irq_guest_eoi. -EBUSY if it is
 * bound. */
int irq_bind(unsigned int irq, irq_handler_t handler, void *arg, bool for_guest, unsigned int cpu);
void irq_unbind(unsigned int irq);

/* After irq_unbind: waits until no handler of the irq runs. Interrupts on, no locks that handlers take. */
void irq_synchronize(unsigned int irq);
void irq_set_affinity(unsigned int irq, unsigned int cpu);
bool irq_is_level(unsigned int irq);

/* The guest is done with a level interrupt. */
void irq_guest_eoi(unsigned int irq);

/* Called by entry/interrupt.c for device vectors. */
void irq_dispatch(uint8_t vector);

/* Runs fn(arg) on each CPU of the set, this one included if in it, and waits. Not from interrupt handlers. */
void irq_call_on(cpumask_t cpus, void (*fn)(void *), void *arg);
void irq_call_ipi_handler(void);

#endif
