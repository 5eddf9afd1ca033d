/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the chips (IO-APIC, MSI) and event/pirq.c need of irq.c beyond irq.h. */
#ifndef HAVEN_IRQ_DESCRIPTOR_H
#define HAVEN_IRQ_DESCRIPTOR_H

#include "lib/types.h"

/* GSIs are irqs 0..count-1. Set once by the IO-APIC's initialisation. */
void irq_set_gsi_count(unsigned int count);
unsigned int irq_gsi_count(void);

/* Gives an unbound irq its vector and programs it, masked. -ENOSPC: no vector is left. */
int irq_prepare(unsigned int irq, unsigned int cpu);

/* Writes vector, target and mask again, for hardware that was reset. */
void irq_reprogram(unsigned int irq);

bool irq_is_bound(unsigned int irq);

/* After irq_unbind: waits until no handler of the irq runs. Interrupts on, no locks that handlers take. */
void irq_synchronize(unsigned int irq);

#endif
