/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a bounce frame consists of (pure part of trap_frame.c and iret.c). */
#ifndef HAVEN_GUEST_PV_FRAME_WORDS_H
#define HAVEN_GUEST_PV_FRAME_WORDS_H

#include "cpu/desc.h"
#include "cpu/regs.h"
#include "lib/types.h"
#include <xen/xen.h>

#define FRAME_WORDS_MAX 11

struct frame_request {
    uint64_t rip; /* the kernel's handler */
    bool masks;   /* events are masked when it is entered */
    unsigned int extra_count;
    uint64_t extra[4]; /* the error code; ds es fs gs for the failsafe callback */

    /* where the vCPU is: filled by trap_frame.c */
    bool from_kernel;
    uint8_t upcall_mask;
    uint8_t iopl_visible;
};

/*
 * Fills in the frame, lowest address first; returns the number of words. In line, with extra_count constant at each
 * call, so that the words need never be in memory before they are in the guest's.
 */
static inline __attribute__((always_inline)) unsigned int
frame_words(uint64_t words[FRAME_WORDS_MAX], const struct cpu_regs *regs, const struct frame_request *r)
{
    uint64_t cs = (uint16_t)regs->cs, rflags = regs->rflags & ~(RFLAGS_IF | RFLAGS_IOPL);
    unsigned int n = 0;

    if (r->from_kernel)
        cs &= ~3UL;
    if (r->upcall_mask == 0)
        rflags |= RFLAGS_IF;
    rflags |= (uint64_t)r->iopl_visible << 12;

    words[n++] = regs->rcx;
    words[n++] = regs->r11;
    for (unsigned int i = 0; i < r->extra_count; i++)
        words[n++] = r->extra[i];
    words[n++] = regs->rip;
    words[n++] = cs | (uint64_t)r->upcall_mask << 32;
    words[n++] = rflags;
    words[n++] = regs->rsp;
    words[n++] = regs->ss;
    return n;
}

/* Registers with which the handler starts. The flags that an exception clears (SDM 3A 6.12.1) go, and AC: a kernel does
 * not expect alignment checks. */
static inline void frame_registers(struct cpu_regs *regs, uint64_t sp, uint64_t rip)
{
    regs->vector = VECTOR_SYSCALL; /* rcx and r11 are saved: leave by SYSRET */
    regs->rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC);
    regs->rip = rip;
    regs->cs = SEL_GUEST_CS64;
    regs->rsp = sp;
    regs->ss = SEL_GUEST_SS;
}

/* Registers after HYPERVISOR_iret; rax is the caller's. */
void frame_return(struct cpu_regs *regs, const struct iret_context *c);

#endif
