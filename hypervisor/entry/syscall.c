/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls of guests' user mode, which go to the guest's kernel. Those of the kernel are hypercalls: entry.S takes
 * them to hypercall_dispatch without a stop here.
 */
#include "domain/vcpu.h"
#include "entry/entry.h"
#include "guest/pv/trap_frame.h"

void syscall_from_user(struct cpu_regs *regs)
{
    (void)regs;
    trap_frame_syscall(current, false);
}

void syscall_compat(struct cpu_regs *regs)
{
    (void)regs;
    trap_frame_syscall(current, true);
}

void syscall_sysenter(struct cpu_regs *regs)
{
    (void)regs;
    trap_frame_sysenter(current);
}
