/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest kernel's own CPU state: kernel stack, FPU trap, debug registers, segment bases, return from interrupts. */
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "guest/pv/debug_regs.h"
#include "guest/pv/ops.h"
#include "guest/pv/trap_frame.h"
#include "hypercall/table.h"
#include "lib/errno.h"

/* The address is not checked: a frame that cannot be written there ends the guest (trap_frame.c). */
int64_t hypercall_stack_switch(uint64_t ss, uint64_t sp, uint64_t, uint64_t, uint64_t)
{
    struct vcpu *v = current;

    v->pv.kernel_ss = ss | RPL_USER;
    v->pv.kernel_sp = sp;
    return 0;
}

int64_t hypercall_fpu_taskswitch(uint64_t set, uint64_t, uint64_t, uint64_t, uint64_t)
{
    context_set_task_switched(current, (int)set != 0);
    return 0;
}

int64_t hypercall_set_debugreg(uint64_t reg, uint64_t value, uint64_t, uint64_t, uint64_t)
{
    return debug_regs_set(current, (unsigned int)reg, value);
}

int64_t hypercall_get_debugreg(uint64_t reg, uint64_t, uint64_t, uint64_t, uint64_t)
{
    uint64_t value = 0;
    int error = debug_regs_get(current, (unsigned int)reg, &value);

    return error ? error : (int64_t)value;
}

int64_t hypercall_set_segment_base(uint64_t which, uint64_t base, uint64_t, uint64_t, uint64_t)
{
    if ((unsigned int)which == SEGBASE_GS_USER_SEL) {
        context_load_user_gs((uint16_t)base);
        return 0;
    }
    if (!address_is_canonical(base))
        return -EINVAL;
    switch ((unsigned int)which) {
    case SEGBASE_FS:
        context_set_base(MSR_FS_BASE, base);
        return 0;
    case SEGBASE_GS_USER: /* the kernel calls: user mode is the one that does not run */
        context_set_base(MSR_KERNEL_GS_BASE, base);
        return 0;
    case SEGBASE_GS_KERNEL:
        context_set_base(MSR_GS_BASE, base);
        return 0;
    default:
        return -EINVAL;
    }
}

/* The result goes to rax, which the frame brings along. */
int64_t hypercall_iret(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t)
{
    return (int64_t)trap_frame_iret(current);
}
