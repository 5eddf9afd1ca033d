/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page faults of a PV guest that the hypervisor resolves: a write by the guest's kernel to one of its own page tables,
 * which it may only map read-only ("writable page tables", VMASST_TYPE_writable_pagetables). The instruction is
 * decoded, and its effect goes through the same door as a hypercall's entry: checked, referenced, compared and
 * exchanged.
 *
 * Everything else is the guest's own fault. The instruction is read from the guest's memory once; another vCPU that
 * rewrites it at that moment only changes which of its own instructions is emulated.
 */
#include "domain/vcpu.h"
#include "guest/pv/emulate.h"
#include "guest/pv/insn_decode.h"
#include "guest/pv/pt_update.h"
#include "mm/guest_copy.h"

/* An update that keeps losing to another CPU is the guest racing with itself: it may take the fault again. */
#define ATTEMPTS_MAX 8

unsigned int instruction_fetch(uint64_t rip, uint8_t *bytes)
{
    unsigned int n = INSN_LENGTH_MAX, in_page = (unsigned int)(PAGE_SIZE - (rip & (PAGE_SIZE - 1)));
    if (!guest_copy_in(bytes, rip, n))
        return n;
    n = MIN(n, in_page);
    return guest_copy_in(bytes, rip, n) ? 0 : n;
}

static bool table_write_emulate(struct vcpu *v, struct cpu_regs *regs, uint64_t address)
{
    uint8_t bytes[INSN_LENGTH_MAX];
    struct insn insn;
    unsigned int n = instruction_fetch(regs->rip, bytes);
    if (!insn_decode(bytes, n, regs, &insn) || insn.address != address || (address & 7) + insn.size > sizeof(uint64_t))
        return false;
    uint64_t old;
    if (guest_copy_in(&old, address, insn.size))
        return false;
    if (insn.size < sizeof(old))
        old &= (1ULL << (8 * insn.size)) - 1;
    for (unsigned int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        uint64_t new, rflags = regs->rflags;
        bool swapped = false, written = insn_compute(&insn, regs, old, &new, &rflags);
        if (written && pt_update_emulated(v, address, &old, new, insn.size, &swapped))
            return false;
        if (written && !swapped)
            continue; /* old now holds what is there */
        insn_retire(&insn, regs, old, written, rflags);
        return true;
    }
    return true; /* run the instruction again */
}

bool page_fault_resolve_write(struct vcpu *v, struct cpu_regs *regs, uint64_t address)
{
    return v->pv.kernel_mode && (v->domain->vm_assist & (1u << VMASST_TYPE_writable_pagetables)) &&
           pt_update_is_table_write(v, address) && table_write_emulate(v, regs, address);
}
