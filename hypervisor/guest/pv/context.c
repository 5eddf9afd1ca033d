/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PV vCPU's registers beyond the guest frame: segments and their bases, FPU, debug registers, tables.
 *
 * While it runs they are in the CPU, and struct pv_vcpu holds old values. GS has two bases: the CPU's GS base is that
 * of the mode that runs (kernel or user), MSR KERNEL_GS_BASE that of the other; address_space_toggle exchanges them. A
 * guest changes the selectors and the running mode's bases without the hypervisor's notice, so all are read back when
 * it leaves.
 *
 * A selector may have become bad since it was loaded (its descriptor was changed): then it is loaded as null, and the
 * guest's failsafe callback is entered, which finds the selectors as they were.
 */
#include "cpu/desc.h"
#include "cpu/extable.h"
#include "cpu/features.h"
#include "cpu/fpu.h"
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "guest/pv/address_space.h"
#include "guest/pv/debug_regs.h"
#include "guest/pv/descriptor_tables.h"
#include "guest/pv/ops.h"

static uint32_t loaded_tsc_aux[CPU_MAX];

#define READ_SEGMENT(name)                                                                                             \
    ({                                                                                                                 \
        uint32_t sel_;                                                                                                 \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(sel_));                                                          \
        (uint16_t) sel_;                                                                                               \
    })

/* False: the CPU refused it, the register is null now. */
#define LOAD_SEGMENT(name, selector)                                                                                   \
    ({                                                                                                                 \
        bool ok_ = true;                                                                                               \
        uint32_t zero_ = 0;                                                                                            \
        __asm__ volatile("1: mov %k2, %%" #name "\n\t"                                                                 \
                         "jmp 3f\n"                                                                                    \
                         "2: mov %k1, %%" #name "\n\t"                                                                 \
                         "movb $0, %b0\n"                                                                              \
                         "3:\n\t" EXTABLE("1b", "2b")                                                                  \
                         : "+q"(ok_)                                                                                   \
                         : "r"(zero_), "r"((uint32_t)(selector)));                                                     \
        ok_;                                                                                                           \
    })

static uint64_t base_read(uint32_t msr)
{
    if (!cpu_features.fsgsbase || msr == MSR_KERNEL_GS_BASE)
        return rdmsr(msr);
    return msr == MSR_FS_BASE ? rdfsbase() : rdgsbase();
}

void context_set_task_switched(struct vcpu *v, bool set)
{
    if (set) {
        v->pv.cr0_guest |= CR0_TS;
        write_cr0(read_cr0() | CR0_TS);
    } else {
        v->pv.cr0_guest &= ~CR0_TS;
        __asm__ volatile("clts");
    }
}

void context_set_tsc_aux(struct vcpu *v, uint32_t value)
{
    v->pv.tsc_aux = value;
    if (!cpu_features.rdtscp || loaded_tsc_aux[cpu_id()] == value)
        return;
    wrmsr(MSR_TSC_AUX, value);
    loaded_tsc_aux[cpu_id()] = value;
}

/* The base comes with the selector; it lands in the CPU's GS, so the two are exchanged around it. */
void context_load_user_gs(uint16_t selector)
{
    if (selector > RPL_USER)
        selector |= RPL_USER;
    irq_disable(); /* an NMI between the exchanges does not look at GS; a context switch would */
    swapgs();
    if (cpu_features.amd && selector <= RPL_USER)
        (void)LOAD_SEGMENT(gs, SEL_GUEST_SS); /* null keeps the old base there: APM 2 4.5.3 */
    if (!LOAD_SEGMENT(gs, selector)) {
        (void)LOAD_SEGMENT(gs, SEL_GUEST_SS);
        (void)LOAD_SEGMENT(gs, 0);
    }
    swapgs();
    irq_enable();
}

static void save_segments(struct pv_vcpu *pv)
{
    uint64_t gs = base_read(MSR_GS_BASE), other = base_read(MSR_KERNEL_GS_BASE);

    pv->ds = READ_SEGMENT(ds);
    pv->es = READ_SEGMENT(es);
    pv->fs = READ_SEGMENT(fs);
    pv->gs = READ_SEGMENT(gs);
    pv->fs_base = base_read(MSR_FS_BASE);
    pv->gs_base_kernel = pv->kernel_mode ? gs : other;
    pv->gs_base_user = pv->kernel_mode ? other : gs;
}

/* Selectors first: loading one sets its base. */
static void load_segments(struct pv_vcpu *pv)
{
    bool ok = LOAD_SEGMENT(ds, pv->ds);

    ok &= LOAD_SEGMENT(es, pv->es);
    ok &= LOAD_SEGMENT(fs, pv->fs);
    ok &= LOAD_SEGMENT(gs, pv->gs);
    context_set_base(MSR_FS_BASE, pv->fs_base);
    context_set_base(MSR_GS_BASE, pv->kernel_mode ? pv->gs_base_kernel : pv->gs_base_user);
    context_set_base(MSR_KERNEL_GS_BASE, pv->kernel_mode ? pv->gs_base_user : pv->gs_base_kernel);
    if (!ok)
        pv->failsafe_pending = true;
}

void context_switch_from(struct vcpu *v)
{
    if (v->pv.cr0_guest & CR0_TS)
        __asm__ volatile("clts"); /* or saving faults */
    fpu_save(&v->fpu);
    save_segments(&v->pv);
    debug_regs_unload(v);
}

void context_switch_to(struct vcpu *v)
{
    descriptor_tables_load(v, false);
    address_space_load(v);
    load_segments(&v->pv);
    fpu_load(&v->fpu);
    if (v->pv.cr0_guest & CR0_TS)
        write_cr0(read_cr0() | CR0_TS);
    debug_regs_load(v);
    context_set_tsc_aux(v, v->pv.tsc_aux);
}
