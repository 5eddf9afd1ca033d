/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PV kind of guests, and its context switch. */
#ifndef HAVEN_GUEST_PV_OPS_H
#define HAVEN_GUEST_PV_OPS_H

#include "cpu/features.h"
#include "cpu/x86.h"
#include "domain/guest_ops.h"

extern const struct guest_ops pv_guest_ops;

/* guest/pv/context.c, called through pv_guest_ops. */
void context_vcpu_reset(struct vcpu *v);
int context_set(struct vcpu *v, const struct vcpu_guest_context *c);
void context_get(struct vcpu *v, struct vcpu_guest_context *c);
void context_switch_from(struct vcpu *v);
void context_switch_to(struct vcpu *v);

/* Loads the selector into the current vCPU's %gs of guest user mode (SEGBASE_GS_USER_SEL). A bad one becomes null. */
void context_load_user_gs(uint16_t selector);

/*
 * A segment base of the current vCPU, which lies in the CPU's registers while it runs: MSR_FS_BASE, MSR_GS_BASE, or
 * MSR_KERNEL_GS_BASE, the GS base of the mode that is not running. Canonical.
 */
static inline void context_set_base(uint32_t msr, uint64_t base)
{
    if (!cpu_features.fsgsbase || msr == MSR_KERNEL_GS_BASE)
        wrmsr(msr, base);
    else if (msr == MSR_FS_BASE)
        wrfsbase(base);
    else
        wrgsbase(base);
}

/* CR0.TS as the current vCPU wants it. */
void context_set_task_switched(struct vcpu *v, bool set);

/* RDTSCP's and RDPID's value for the current vCPU. */
void context_set_tsc_aux(struct vcpu *v, uint32_t value);

#endif
