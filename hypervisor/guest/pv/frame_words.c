/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounce frames and the way back, as arithmetic on registers. Pure: the layout is drawn in trap_frame.c. */
#include "guest/pv/frame_words.h"
#include "cpu/desc.h"

#define IOPL_SHIFT 12
#define RFLAGS_ALL 0x3f7fd7UL /* defined bits: SDM 1 3.4.3 */
#define RPL_USER   3

_Static_assert(sizeof(struct iret_context) == 9 * 8, "arch-x86/xen-x86_64.h");

unsigned int frame_words(uint64_t words[FRAME_WORDS_MAX], const struct cpu_regs *regs, const struct frame_request *r)
{
    uint64_t cs = (uint16_t)regs->cs, rflags = regs->rflags & ~(RFLAGS_IF | RFLAGS_IOPL);
    unsigned int n = 0;

    if (r->from_kernel)
        cs &= ~3UL;
    if (r->upcall_mask == 0)
        rflags |= RFLAGS_IF;
    rflags |= (uint64_t)r->iopl_visible << IOPL_SHIFT;

    words[n++] = regs->rcx;
    words[n++] = regs->r11;
    if (r->has_segments) {
        for (unsigned int i = 0; i < 4; i++)
            words[n++] = r->segments[i];
    }
    if (r->has_error)
        words[n++] = r->error_code;
    words[n++] = regs->rip;
    words[n++] = cs | (uint64_t)r->upcall_mask << 32;
    words[n++] = rflags;
    words[n++] = regs->rsp;
    words[n++] = regs->ss;
    return n;
}

/* Flags that an exception clears (SDM 3A 6.12.1), and AC: a kernel does not expect alignment checks. */
void frame_registers(struct cpu_regs *regs, uint64_t sp, uint64_t rip)
{
    regs->vector = VECTOR_SYSCALL; /* rcx and r11 are saved: leave by SYSRET */
    regs->rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC);
    regs->rip = rip;
    regs->cs = SEL_GUEST_CS64;
    regs->rsp = sp;
    regs->ss = SEL_GUEST_SS;
}

/*
 * Selectors get RPL 3 whatever the guest says. VGCF_in_syscall: the guest does without rcx, r11, cs and ss, which
 * SYSRET replaces; a return to compatibility mode cannot go that way.
 */
void frame_return(struct cpu_regs *regs, const struct iret_context *c)
{
    regs->rip = c->rip;
    regs->rflags = (c->rflags & RFLAGS_ALL & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF | RFLAGS_MBS;
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
