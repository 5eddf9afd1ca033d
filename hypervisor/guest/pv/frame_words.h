/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a bounce frame consists of (pure part of trap_frame.c and iret.c). */
#ifndef HAVEN_GUEST_PV_FRAME_WORDS_H
#define HAVEN_GUEST_PV_FRAME_WORDS_H

#include "cpu/regs.h"
#include "lib/types.h"
#include <xen/xen.h>

#define FRAME_WORDS_MAX 12

struct frame_request {
    uint64_t rip; /* the kernel's handler */
    bool masks;   /* events are masked when it is entered */
    bool has_error, has_segments;
    uint32_t error_code;
    uint16_t segments[4]; /* ds es fs gs: failsafe callback */

    /* where the vCPU is: filled by trap_frame.c */
    bool from_kernel;
    uint8_t upcall_mask;
    uint8_t iopl_visible;
};

/* Writes the frame, lowest address first; returns the number of words. */
unsigned int frame_words(uint64_t words[FRAME_WORDS_MAX], const struct cpu_regs *regs, const struct frame_request *r);

/* Registers with which the handler starts. */
void frame_registers(struct cpu_regs *regs, uint64_t sp, uint64_t rip);

/* Registers after HYPERVISOR_iret; rax is the caller's. */
void frame_return(struct cpu_regs *regs, const struct iret_context *c);

#endif
