/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way back from bounce frames, as arithmetic on registers. Pure: the layout is drawn in trap_frame.c. */
#include "guest/pv/frame_words.h"
#include "cpu/desc.h"

_Static_assert(sizeof(struct iret_context) == 9 * 8, "arch-x86/xen-x86_64.h");

/*
 * Selectors get RPL 3 whatever the guest says. VGCF_in_syscall: the guest does without rcx, r11, cs and ss, which
 * SYSRET replaces; a return to compatibility mode cannot go that way.
 */
void frame_return(struct cpu_regs *regs, const struct iret_context *c)
{
    regs->rip = c->rip;
    regs->rflags = rflags_guest(c->rflags);
    regs->rsp = c->rsp;
    if ((c->flags & VGCF_in_syscall) && ((uint16_t)c->cs | RPL_USER) != SEL_GUEST_CS32) {
        regs->vector = VECTOR_SYSCALL;
        regs->cs = SEL_GUEST_CS64;
        regs->ss = SEL_GUEST_SS;
        return;
    }
    regs->vector = 0;
    regs->cs = (uint16_t)c->cs | RPL_USER;
    regs->ss = (uint16_t)c->ss | RPL_USER;
    regs->r11 = c->r11;
    regs->rcx = c->rcx;
}
