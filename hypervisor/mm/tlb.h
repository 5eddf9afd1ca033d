/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB flushes, and the clock that saves most of them. The clock advances at each full flush; a CPU remembers the time
 * of its last one, a frame the time when its last type reference went (frame.tlb_time). A CPU can hold a stale entry
 * for the frame only if its last flush is not later than that.
 */
#ifndef HAVEN_MM_TLB_H
#define HAVEN_MM_TLB_H

#include "cpu/cpu_local.h"
#include "lib/types.h"

uint64_t tlb_clock_now(void); /* a stamp is only valid if a locked instruction lies between the PTE's write and this */

/* Loads CR3 (a full flush of non-global entries) and stamps this CPU. */
void tlb_load_cr3(uint64_t cr3);
void tlb_flush_local(void);

/* On all CPUs of the set, this one included if in it; returns when done. va is flushed alone unless TLB_ALL or
 * TLB_GLOBAL. While a CPU
 * spins, for a lock or for others to answer, it serves their requests, so flushers cannot deadlock, with locks held and
 * with interrupts off. Not from interrupt handlers. */
#define TLB_ALL    (~0ULL)
#define TLB_GLOBAL (~1ULL) /* the hypervisor's own entries, too */
void tlb_flush_mask(cpumask_t cpus, uint64_t va);

/* Those CPUs of the set whose last flush is not later than the stamp. */
cpumask_t tlb_filter(cpumask_t cpus, uint64_t stamp);

/* Called by entry/interrupt.c for VECTOR_IPI_TLB. */
void tlb_ipi_handler(void);

/* Boot CPU, once. */
void tlb_init(void);

/* Set by platform/lapic.c: sends an IPI. */
extern void (*tlb_send_ipi)(cpumask_t cpus, uint8_t vector);

#endif
