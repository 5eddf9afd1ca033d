/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that waits for the next way out of the hypervisor: one bit per kind and CPU. Handlers run with interrupts on, no
 * locks held, on the CPU's main stack, before a guest is entered or the CPU idles.
 */
#ifndef HAVEN_IRQ_SOFTIRQ_H
#define HAVEN_IRQ_SOFTIRQ_H

#include "cpu/cpu_local.h"

enum softirq { SOFTIRQ_TIMER, SOFTIRQ_SCHEDULE, SOFTIRQ_DEBUG_KEY, SOFTIRQ_DOMAIN_END, SOFTIRQ_COUNT };

void softirq_register(enum softirq nr, void (*handler)(void));
void softirq_raise(enum softirq nr);                      /* on this CPU */
void softirq_raise_on(unsigned int cpu, enum softirq nr); /* with an IPI if it is another one */
void softirq_run(void);                                   /* until none is pending */

#endif
