/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All of a vCPU from and to the public structure: for bringing up a vCPU, building a domain, saving and restoring.
 *
 * Setting checks everything that can be checked first. Then it takes what can still be refused, in an order that can be
 * begun again: GDT, kernel table, user table, LDT; each of them replaces what the vCPU held before, so that -ERESTART
 * (a table's promotion was long) means just to call again. Last come the plain registers, which cannot fail. A context
 * that is refused half-way leaves tables with the vCPU, which is not initialised then and cannot run; they go with it.
 *
 * A vCPU that has a context already keeps its tables: a new context must name the same ones (-EOPNOTSUPP).
 */
#include "cpu/fpu.h"
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "guest/pv/address_space.h"
#include "guest/pv/debug_regs.h"
#include "guest/pv/descriptor_tables.h"
#include "guest/pv/emulate.h"
#include "guest/pv/ops.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/guest_copy.h"
#include "mm/layout.h"

#define CR0_FIXED                                                                                                      \
    (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG) /* what a PV guest reads, but for TS                \
                                                                    */
#define CR4_INITIAL (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)
#define LDT_MAX     8192
#define VM_ASSIST_OK                                                                                                   \
    (1UL << VMASST_TYPE_4gb_segments | 1UL << VMASST_TYPE_4gb_segments_notify |                                        \
     1UL << VMASST_TYPE_writable_pagetables | 1UL << VMASST_TYPE_pae_extended_cr3 |                                    \
     1UL << VMASST_TYPE_architectural_iopl | 1UL << VMASST_TYPE_runstate_update_flag | 1UL << VMASST_TYPE_m2p_strict)

_Static_assert(sizeof(struct cpu_user_regs) == 200, "arch-x86/xen-x86_64.h");
_Static_assert(sizeof(struct vcpu_guest_context) == 5168, "arch-x86/xen.h");

/* Both structures begin with the general registers. */
#define GENERAL_SIZE    offsetof(struct cpu_regs, vector)
#define SAME_PLACE(reg) (offsetof(struct cpu_user_regs, reg) == offsetof(struct cpu_regs, reg))
_Static_assert(SAME_PLACE(r15) && SAME_PLACE(r12) && SAME_PLACE(rbp) && SAME_PLACE(r11) && SAME_PLACE(rax) &&
                   SAME_PLACE(rdi) && offsetof(struct cpu_user_regs, error_code) == GENERAL_SIZE,
               "arch-x86/xen-x86_64.h");

static uint64_t cr3_of(mfn_t table)
{
    return mfn_eq(table, MFN_INVALID) ? 0 : table.n << PAGE_SHIFT;
}

static bool addresses_ok(const struct vcpu_guest_context *c)
{
    const uint64_t addresses[] = {
        c->user_regs.rip,         c->user_regs.rsp,        c->kernel_sp, c->fs_base,
        c->gs_base_kernel,        c->gs_base_user,         c->ldt_base,  c->event_callback_eip,
        c->failsafe_callback_eip, c->syscall_callback_eip,
    };

    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        if (!address_is_canonical(addresses[i]))
            return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++) {
        if (!address_is_canonical(c->trap_ctxt[i].address))
            return false;
    }
    for (unsigned int i = 0; i < 4; i++) {
        if (!guest_address_ok(c->debugreg[i]))
            return false;
    }
    return true;
}

static int check(struct vcpu *v, const struct vcpu_guest_context *c)
{
    if (!addresses_ok(c) || c->debugreg[6] >> 32 || c->debugreg[7] >> 32)
        return -EINVAL;
    if ((c->ldt_base & (PAGE_SIZE - 1)) || c->ldt_ents > LDT_MAX || (c->ldt_ents && !guest_address_ok(c->ldt_base)))
        return -EINVAL;
    if (c->gdt_ents > GDT_GUEST_PAGES * PTE_ENTRIES)
        return -EINVAL;
    if (v->id == 0 && (c->vm_assist & ~VM_ASSIST_OK))
        return -EINVAL;
    if (!(c->flags & VGCF_in_kernel) && c->ctrlreg[1] == 0)
        return -EINVAL;
    return 0;
}

/* May an initialised vCPU take this context: the tables must be those it has. */
static bool same_tables(const struct vcpu *v, const struct vcpu_guest_context *c)
{
    const struct pv_vcpu *pv = &v->pv;

    if (cr3_of(pv->kernel_table) != c->ctrlreg[3] || cr3_of(pv->user_table) != c->ctrlreg[1])
        return false;
    return pv->gdt.entries == c->gdt_ents && pv->ldt.entries == c->ldt_ents &&
           (!c->ldt_ents || pv->ldt_base == c->ldt_base) &&
           memcmp(pv->gdt.frame, c->gdt_frames, segment_table_pages(pv->gdt.entries) * sizeof(mfn_t)) == 0;
}

static int take_tables(struct vcpu *v, const struct vcpu_guest_context *c)
{
    int error = descriptor_tables_set_gdt(v, c->gdt_frames, (unsigned int)c->gdt_ents);

    if (error == 0)
        error = address_space_set_kernel(v, MFN(c->ctrlreg[3] >> PAGE_SHIFT));
    if (error == 0)
        error = address_space_set_user(v, MFN(c->ctrlreg[1] >> PAGE_SHIFT)); /* 0: none */
    if (error == 0)
        error = descriptor_tables_set_ldt(v, c->ldt_base, (unsigned int)c->ldt_ents);
    return error;
}

static void set_general(struct cpu_regs *r, const struct cpu_user_regs *u)
{
    *r = (struct cpu_regs){
        .rip = u->rip,
        .rsp = u->rsp,
        .cs = u->cs | RPL_USER,
        .ss = u->ss | RPL_USER,
        .rflags = rflags_guest(u->rflags),
    };
    memcpy(r, u, GENERAL_SIZE);
}

static void set_traps(struct pv_vcpu *pv, const struct trap_info *table)
{
    for (size_t i = 0; i < ARRAY_SIZE(pv->trap); i++)
        pv->trap[i] =
            (struct pv_trap){.address = table[i].address, .cs = table[i].cs | RPL_USER, .flags = table[i].flags & 7};
}

/* Only what a guest could set itself is taken over: the rest of CR0 and CR4 is the hypervisor's. */
static void set_control(struct vcpu *v, const struct vcpu_guest_context *c)
{
    v->pv.cr0_guest = CR0_FIXED | (c->ctrlreg[0] & CR0_TS);
    v->pv.cr4_guest = CR4_INITIAL | (c->ctrlreg[4] & cpuid_policy_cr4_allowed(v));
    v->pv.dr[6] = DR6_DEFAULT;
    v->pv.dr[7] = DR7_DEFAULT;
    for (unsigned int i = 0; i < 8; i++) {
        if (i != 4 && i != 5)
            (void)debug_regs_set(v, i, c->debugreg[i]); /* what it refuses stays at its default */
    }
}

static void set_plain(struct vcpu *v, const struct vcpu_guest_context *c)
{
    struct pv_vcpu *pv = &v->pv;

    set_general(&v->regs, &c->user_regs);
    set_traps(pv, c->trap_ctxt);
    set_control(v, c);
    pv->kernel_mode = c->flags & VGCF_in_kernel;
    pv->iopl = (c->user_regs.rflags & RFLAGS_IOPL) >> 12;
    pv->kernel_ss = c->kernel_ss | RPL_USER;
    pv->kernel_sp = c->kernel_sp;
    pv->callback[CALLBACKTYPE_event].address = c->event_callback_eip;
    pv->callback[CALLBACKTYPE_failsafe] =
        (struct pv_callback){c->failsafe_callback_eip, c->flags & VGCF_failsafe_disables_events};
    pv->callback[CALLBACKTYPE_syscall] =
        (struct pv_callback){c->syscall_callback_eip, c->flags & VGCF_syscall_disables_events};
    pv->ds = c->user_regs.ds;
    pv->es = c->user_regs.es;
    pv->fs = c->user_regs.fs;
    pv->gs = c->user_regs.gs;
    pv->fs_base = c->fs_base;
    pv->gs_base_kernel = c->gs_base_kernel;
    pv->gs_base_user = c->gs_base_user;
    if (c->flags & VGCF_i387_valid)
        fpu_state_set_legacy(&v->fpu, &c->fpu_ctxt);
    else
        fpu_state_reset(&v->fpu);
    if (v->id == 0)
        v->domain->vm_assist = c->vm_assist;
}

int context_set(struct vcpu *v, const struct vcpu_guest_context *c)
{
    int error = check(v, c);

    if (error == 0) {
        if (!v->initialised)
            error = take_tables(v, c);
        else if (!same_tables(v, c))
            error = -EOPNOTSUPP;
    }
    if (error == 0)
        set_plain(v, c);
    else if (error != -ERESTART)
        log_guest("context of vCPU %d refused (%d)", v->id, error);
    return error;
}

static void get_general(struct cpu_user_regs *u, const struct cpu_regs *r, const struct vcpu *v)
{
    *u = (struct cpu_user_regs){
        .rip = r->rip,
        .rsp = r->rsp,
        .cs = (uint16_t)r->cs,
        .ss = (uint16_t)r->ss,
        .rflags = (r->rflags & ~RFLAGS_IOPL) | (uint64_t)v->pv.iopl << 12,
        .saved_upcall_mask = v->info->evtchn_upcall_mask,
        .ds = v->pv.ds,
        .es = v->pv.es,
        .fs = v->pv.fs,
        .gs = v->pv.gs,
    };
    memcpy(u, r, GENERAL_SIZE);
}

static uint64_t flags_of(const struct vcpu *v)
{
    uint64_t flags = VGCF_i387_valid;

    if (v->pv.kernel_mode)
        flags |= VGCF_in_kernel;
    if (v->pv.callback[CALLBACKTYPE_failsafe].masks)
        flags |= VGCF_failsafe_disables_events;
    if (v->pv.callback[CALLBACKTYPE_syscall].masks)
        flags |= VGCF_syscall_disables_events;
    if (!(v->pause_flags & VCPU_DOWN))
        flags |= VGCF_online;
    return flags;
}

static void get_tables(const struct pv_vcpu *pv, struct vcpu_guest_context *c)
{
    c->ldt_base = pv->ldt_base;
    c->ldt_ents = pv->ldt.entries;
    c->gdt_ents = pv->gdt.entries;
    memcpy(c->gdt_frames, pv->gdt.frame, segment_table_pages(pv->gdt.entries) * sizeof(mfn_t));
    c->ctrlreg[0] = pv->cr0_guest;
    c->ctrlreg[1] = cr3_of(pv->user_table);
    c->ctrlreg[2] = pv->cr2;
    c->ctrlreg[3] = cr3_of(pv->kernel_table);
    c->ctrlreg[4] = pv->cr4_guest;
}

void context_get(struct vcpu *v, struct vcpu_guest_context *c)
{
    const struct pv_vcpu *pv = &v->pv;

    memset(c, 0, sizeof(*c));
    fpu_state_get_legacy(&v->fpu, &c->fpu_ctxt);
    c->flags = flags_of(v);
    get_general(&c->user_regs, &v->regs, v);
    for (unsigned int i = 0; i < ARRAY_SIZE(pv->trap); i++)
        c->trap_ctxt[i] = (struct trap_info){
            .vector = (uint8_t)i, .flags = pv->trap[i].flags, .cs = pv->trap[i].cs, .address = pv->trap[i].address};
    get_tables(pv, c);
    c->kernel_ss = pv->kernel_ss;
    c->kernel_sp = pv->kernel_sp;
    for (unsigned int i = 0; i < 8; i++)
        c->debugreg[i] = i == 4 || i == 5 ? 0 : pv->dr[i];
    c->event_callback_eip = pv->callback[CALLBACKTYPE_event].address;
    c->failsafe_callback_eip = pv->callback[CALLBACKTYPE_failsafe].address;
    c->syscall_callback_eip = pv->callback[CALLBACKTYPE_syscall].address;
    c->vm_assist = v->domain->vm_assist;
    c->fs_base = pv->fs_base;
    c->gs_base_kernel = pv->gs_base_kernel;
    c->gs_base_user = pv->gs_base_user;
}

/* As a vCPU is created: no tables, nothing registered. */
void context_vcpu_reset(struct vcpu *v)
{
    struct pv_vcpu *pv = &v->pv;

    memset(pv, 0, sizeof(*pv));
    pv->kernel_mode = true;
    pv->kernel_table = pv->user_table = MFN_INVALID;
    pv->cr0_guest = CR0_FIXED;
    pv->cr4_guest = CR4_INITIAL;
    pv->dr[6] = DR6_DEFAULT;
    pv->dr[7] = DR7_DEFAULT;
}
