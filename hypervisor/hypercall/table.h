/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercall dispatch: number -> function(a1..a5). Functions run with interrupts on, on the current vCPU in kernel mode;
 * they return the value for rax. Arguments are raw register values; addresses are guest addresses to be passed through mm/guest_copy.h.
 */
#ifndef HAVEN_HYPERCALL_TABLE_H
#define HAVEN_HYPERCALL_TABLE_H

#include "cpu/regs.h"
#include "lib/types.h"

#define HYPERCALL_COUNT 64

typedef int64_t (*hypercall_fn)(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
extern const hypercall_fn hypercall_table[HYPERCALL_COUNT]; /* NULL: -ENOSYS */

/* Called by entry/syscall.c with the guest frame; number in rax, arguments rdi rsi rdx r10 r8. Sets rax (or arranges the continuation). */
void hypercall_dispatch(struct cpu_regs *regs);

/* One function per hypercall, each in its file. */
int64_t hypercall_set_trap_table(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);        /* 0  callback_op.c */
int64_t hypercall_mmu_update(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);            /* 1  mmu_op.c */
int64_t hypercall_set_gdt(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);               /* 2  mmu_op.c */
int64_t hypercall_stack_switch(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);          /* 3  cpu_op.c */
int64_t hypercall_set_callbacks(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);         /* 4  callback_op.c */
int64_t hypercall_fpu_taskswitch(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);        /* 5  cpu_op.c */
int64_t hypercall_platform_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);           /* 7  platform_op.c */
int64_t hypercall_set_debugreg(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);          /* 8  cpu_op.c */
int64_t hypercall_get_debugreg(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);          /* 9  cpu_op.c */
int64_t hypercall_update_descriptor(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);     /* 10 mmu_op.c */
int64_t hypercall_memory_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);             /* 12 memory_op.c */
int64_t hypercall_multicall(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);             /* 13 multicall.c */
int64_t hypercall_update_va_mapping(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);     /* 14 mmu_op.c */
int64_t hypercall_set_timer_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);          /* 15 timer_op.c */
int64_t hypercall_xen_version(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);           /* 17 version_op.c */
int64_t hypercall_console_io(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);            /* 18 console_op.c */
int64_t hypercall_grant_table_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);        /* 20 grant_op.c */
int64_t hypercall_vm_assist(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);             /* 21 version_op.c */
int64_t hypercall_update_va_mapping_otherdomain(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t); /* 22 mmu_op.c */
int64_t hypercall_iret(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);                  /* 23 cpu_op.c -> guest/pv/iret.c */
int64_t hypercall_vcpu_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);               /* 24 vcpu_op.c */
int64_t hypercall_set_segment_base(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);      /* 25 cpu_op.c */
int64_t hypercall_mmuext_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);             /* 26 mmuext_op.c */
int64_t hypercall_nmi_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);                /* 28 callback_op.c */
int64_t hypercall_sched_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);              /* 29 sched_op.c */
int64_t hypercall_callback_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);           /* 30 callback_op.c */
int64_t hypercall_event_channel_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);      /* 32 event_op.c */
int64_t hypercall_physdev_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);            /* 33 physdev_op.c */
int64_t hypercall_sysctl(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);                /* 35 sysctl.c (minimal now) */
int64_t hypercall_domctl(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);                /* 36 domctl.c (minimal now) */
int64_t hypercall_mca(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);                   /* 48 platform_op.c */
int64_t hypercall_event_channel_op_compat(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t); /* 16 event_op.c */
int64_t hypercall_physdev_op_compat(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);     /* 19 physdev_op.c */
int64_t hypercall_sched_op_compat(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);       /* 6  sched_op.c */

#endif
