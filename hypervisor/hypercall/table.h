/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercall dispatch: number -> function(a1..a5). Functions run with interrupts on, on the current vCPU in kernel mode;
 * they return the value for rax. Arguments are raw register values; addresses are guest addresses to be passed through
 * mm/guest_copy.h.
 */
#ifndef HAVEN_HYPERCALL_TABLE_H
#define HAVEN_HYPERCALL_TABLE_H

#include "cpu/regs.h"
#include "lib/types.h"

#define HYPERCALL_COUNT 64

typedef int64_t (*hypercall_fn)(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
extern const hypercall_fn hypercall_table[HYPERCALL_COUNT]; /* NULL: -ENOSYS */

/* Called by entry.S with the guest frame; number in rax, arguments rdi rsi rdx r10 r8. Sets rax (or arranges the
 * continuation). */
void hypercall_dispatch(struct cpu_regs *regs);

/*
 * What Haven offers, by number: all others answer -ENOSYS. Each is a function hypercall_NAME, most in a file of that
 * name; docs/hypercalls.md has the operations within each, and the reasons for the gaps.
 */
#define HYPERCALLS(X)                                                                                                  \
    X(0, set_trap_table)                                                                                               \
    X(1, mmu_update)                                                                                                   \
    X(2, set_gdt)                                                                                                      \
    X(3, stack_switch)                                                                                                 \
    X(4, set_callbacks)                                                                                                \
    X(5, fpu_taskswitch)                                                                                               \
    X(6, sched_op_compat)                                                                                              \
    X(7, platform_op)                                                                                                  \
    X(8, set_debugreg)                                                                                                 \
    X(9, get_debugreg)                                                                                                 \
    X(10, update_descriptor)                                                                                           \
    X(12, memory_op)                                                                                                   \
    X(13, multicall)                                                                                                   \
    X(14, update_va_mapping)                                                                                           \
    X(15, set_timer_op)                                                                                                \
    X(16, event_channel_op_compat)                                                                                     \
    X(17, xen_version)                                                                                                 \
    X(18, console_io)                                                                                                  \
    X(19, physdev_op_compat)                                                                                           \
    X(20, grant_table_op)                                                                                              \
    X(21, vm_assist)                                                                                                   \
    X(22, update_va_mapping_otherdomain)                                                                               \
    X(23, iret)                                                                                                        \
    X(24, vcpu_op)                                                                                                     \
    X(25, set_segment_base)                                                                                            \
    X(26, mmuext_op)                                                                                                   \
    X(28, nmi_op)                                                                                                      \
    X(29, sched_op)                                                                                                    \
    X(30, callback_op)                                                                                                 \
    X(32, event_channel_op)                                                                                            \
    X(33, physdev_op)                                                                                                  \
    X(35, sysctl)                                                                                                      \
    X(36, domctl)                                                                                                      \
    X(40, xenpmu_op)                                                                                                   \
    X(48, mca)

#define HYPERCALL_PROTOTYPE(number, name) int64_t hypercall_##name(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
HYPERCALLS(HYPERCALL_PROTOTYPE)

#endif
