/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The register frame that every entry into the hypervisor leaves on the stack, lowest address first. entry/entry.S
 * pushes it; entry/asm_offsets.c exports its offsets. Its size is a multiple of 16 so that the frame of an entry from a
 * guest lies at a fixed place at the top of the CPU's stack (SDM 3A 6.14.2: the CPU aligns RSP to 16 before it pushes).
 */
#ifndef HAVEN_CPU_REGS_H
#define HAVEN_CPU_REGS_H

#include "lib/types.h"

struct cpu_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t vector;     /* 0..255, or VECTOR_SYSCALL: entered by SYSCALL, may leave by SYSRET */
    uint64_t error_code; /* of the CPU, or 0; for VECTOR_SYSCALL the hypercall number as passed (rax is overwritten) */
    uint64_t rip, cs, rflags, rsp, ss;
};

_Static_assert(sizeof(struct cpu_regs) == 22 * 8, "entry.S pushes 22 words");
_Static_assert(sizeof(struct cpu_regs) % 16 == 0, "the frame ends 16-byte aligned");

#define VECTOR_SYSCALL 0x100

enum vector {
    VECTOR_DE = 0,
    VECTOR_DB = 1,
    VECTOR_NMI = 2,
    VECTOR_BP = 3,
    VECTOR_OF = 4,
    VECTOR_BR = 5,
    VECTOR_UD = 6,
    VECTOR_NM = 7,
    VECTOR_DF = 8,
    VECTOR_TS = 10,
    VECTOR_NP = 11,
    VECTOR_SS = 12,
    VECTOR_GP = 13,
    VECTOR_PF = 14,
    VECTOR_MF = 16,
    VECTOR_AC = 17,
    VECTOR_MC = 18,
    VECTOR_XM = 19,
    VECTOR_CP = 21,
    VECTOR_VC = 29,
    VECTOR_SX = 30,
    /* 0x20..0xef: devices, given out by irq/irq.c (0x80 stays free: guests' int 0x80 has a gate of its own) */
    VECTOR_DEVICE_FIRST = 0x20,
    VECTOR_DEVICE_LAST = 0xef,
    VECTOR_IPI_TLB = 0xf8,   /* flush request: mm/tlb.c */
    VECTOR_IPI_EVENT = 0xf9, /* leave the guest once: softirqs and events are looked at on exit */
    VECTOR_IPI_CALL = 0xfa,  /* run a function */
    VECTOR_IPI_STOP = 0xfb,  /* panic elsewhere: stop */
    VECTOR_TIMER = 0xfc,     /* local APIC timer */
    VECTOR_APIC_ERROR = 0xfd,
    VECTOR_SPURIOUS = 0xff,
};

/* Error code of #PF (SDM 3A 4.7) and of selector faults (6.13). */
#define PF_PRESENT  0x01
#define PF_WRITE    0x02
#define PF_USER     0x04
#define PF_RESERVED 0x08
#define PF_FETCH    0x10

#define RFLAGS_CF   0x1UL
#define RFLAGS_MBS  0x2UL /* must be set */
#define RFLAGS_TF   0x100UL
#define RFLAGS_IF   0x200UL
#define RFLAGS_DF   0x400UL
#define RFLAGS_IOPL 0x3000UL
#define RFLAGS_NT   0x4000UL
#define RFLAGS_RF   0x10000UL
#define RFLAGS_VM   0x20000UL
#define RFLAGS_AC   0x40000UL
#define RFLAGS_ALL  0x3f7fd7UL /* defined bits: SDM 1 3.4.3 */

/* What a guest may have of what it asks for. */
static inline uint64_t rflags_guest(uint64_t rflags)
{
    return (rflags & RFLAGS_ALL & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF | RFLAGS_MBS;
}

static inline bool regs_from_guest(const struct cpu_regs *r)
{
    return r->cs & 3;
}

#endif
