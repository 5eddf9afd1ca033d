/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_iret: the guest kernel's way back to what was interrupted. Its frame is struct iret_context on the kernel
 * stack. The RPL of its cs tells where to: 3 is user mode, anything else the kernel itself. A frame that cannot be
 * read, or a return to user mode without user tables, leaves the kernel no way on: the domain is crashed.
 */
#include "domain/vcpu.h"
#include "guest/pv/address_space.h"
#include "guest/pv/frame_words.h"
#include "guest/pv/trap_frame.h"
#include "mm/guest_copy.h"

uint64_t trap_frame_iret(struct vcpu *v)
{
    struct cpu_regs *regs = guest_regs();
    struct iret_context c;

    if (guest_copy_in(&c, regs->rsp, sizeof(c))) {
        domain_crash(v->domain, "iret frame cannot be read");
        return 0;
    }
    if ((c.cs & 3) == 3) {
        if (mfn_eq(v->pv.user_table, MFN_INVALID)) {
            domain_crash(v->domain, "iret to user mode without user page tables");
            return 0;
        }
        address_space_toggle(v);
    }
    if (v->domain->vm_assist >> VMASST_TYPE_architectural_iopl & 1)
        v->pv.iopl = (c.rflags & RFLAGS_IOPL) >> 12;
    frame_return(regs, &c);
    v->info->evtchn_upcall_mask = !(c.rflags & RFLAGS_IF);
    v->pv.in_nmi = false;
    return c.rax;
}
