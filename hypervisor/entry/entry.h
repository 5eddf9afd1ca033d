/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways into the hypervisor and out of it. Theory in entry.S.
 */
#ifndef HAVEN_ENTRY_ENTRY_H
#define HAVEN_ENTRY_ENTRY_H

#include "cpu/regs.h"
#include "lib/compiler.h"

/* Boot CPU, as early as possible: all gates; an exception from here on ends in a panic with registers. */
void trap_init(void);

/* Once the boot CPU has its own stack block and ran desc_init_cpu: stacks of their own for #DF, NMI, #MC, #DB. */
void trap_init_stacks(void);

/* Undoes desc_set_gate for an exception without a stack of its own (smap_test.c). */
void trap_restore_gate(unsigned int vector);

/*
 * Leaves whatever ran on this CPU's stack for good: runs softirqs, idles, and enters the current vCPU. How booting
 * ends, on every CPU.
 */
__noreturn_ void exit_to_guest(void);

/* Called by trap.c and entry.S only. */
void trap_from_guest(struct cpu_regs *regs);
void trap_from_hypervisor(struct cpu_regs *regs);
void trap_iret_failed(struct cpu_regs *regs);
void trap_nmi_init(void);
void trap_nmi(struct cpu_regs *regs);
__noreturn_ void trap_fatal(struct cpu_regs *regs);
void interrupt_dispatch(struct cpu_regs *regs);
void exit_to_guest_work(void);

#endif
