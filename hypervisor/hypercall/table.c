/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercall dispatch. The table is the list of what Haven offers; what is missing in it answers -ENOSYS.
 * docs/hypercalls.md has the operations within each, and the reasons for the gaps.
 */
#include "hypercall/table.h"
#include "lib/compiler.h"
#include "lib/errno.h"

/* Performance counters of the CPU are not offered; kernels ask and take this for an answer. */
static int64_t hypercall_xenpmu_op(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return -EOPNOTSUPP;
}

const hypercall_fn hypercall_table[HYPERCALL_COUNT] = {
    [0] = hypercall_set_trap_table,
    [1] = hypercall_mmu_update,
    [2] = hypercall_set_gdt,
    [3] = hypercall_stack_switch,
    [4] = hypercall_set_callbacks,
    [5] = hypercall_fpu_taskswitch,
    [6] = hypercall_sched_op_compat,
    [7] = hypercall_platform_op,
    [8] = hypercall_set_debugreg,
    [9] = hypercall_get_debugreg,
    [10] = hypercall_update_descriptor,
    [12] = hypercall_memory_op,
    [13] = hypercall_multicall,
    [14] = hypercall_update_va_mapping,
    [15] = hypercall_set_timer_op,
    [16] = hypercall_event_channel_op_compat,
    [17] = hypercall_xen_version,
    [18] = hypercall_console_io,
    [19] = hypercall_physdev_op_compat,
    [20] = hypercall_grant_table_op,
    [21] = hypercall_vm_assist,
    [22] = hypercall_update_va_mapping_otherdomain,
    [23] = hypercall_iret,
    [24] = hypercall_vcpu_op,
    [25] = hypercall_set_segment_base,
    [26] = hypercall_mmuext_op,
    [28] = hypercall_nmi_op,
    [29] = hypercall_sched_op,
    [30] = hypercall_callback_op,
    [32] = hypercall_event_channel_op,
    [33] = hypercall_physdev_op,
    [35] = hypercall_sysctl,
    [36] = hypercall_domctl,
    [40] = hypercall_xenpmu_op,
    [48] = hypercall_mca,
};

void hypercall_dispatch(struct cpu_regs *regs)
{
    uint64_t nr = regs->rax;
    hypercall_fn fn = likely(nr < HYPERCALL_COUNT) ? hypercall_table[nr] : NULL;

    if (unlikely(!fn)) {
        regs->rax = (uint64_t)-ENOSYS;
        return;
    }
    /* A continuation has moved rip back and returns the number, a hypercall_iret the new rax. */
    regs->rax = (uint64_t)fn(regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8);
}
