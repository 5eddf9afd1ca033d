/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local APIC (xAPIC, or x2APIC if firmware left it on): IPIs, timer, EOI. */
#ifndef HAVEN_PLATFORM_LAPIC_H
#define HAVEN_PLATFORM_LAPIC_H

#include "cpu/cpu_local.h"

void lapic_init(void);     /* boot CPU: maps it; sets the tlb_send_ipi hook */
void lapic_init_cpu(void); /* each CPU: enables it, masks LVTs, timer one-shot */

/* One-shot timer of this CPU, in its own ticks (divide by 1); 0 stops it. time/timer.c knows the frequency. */
void lapic_timer_start(uint32_t ticks);
uint32_t lapic_timer_remaining(void);

uint32_t lapic_id(void);
void lapic_eoi(void);
void lapic_send_ipi(cpumask_t cpus, uint8_t vector); /* VECTOR_NMI (2) is sent as NMI */
void lapic_send_init(uint32_t apic_id);
void lapic_send_startup(uint32_t apic_id, uint8_t page);

/* Called by entry/interrupt.c for VECTOR_APIC_ERROR: logs the error register. */
void lapic_error_interrupt(void);

#endif
