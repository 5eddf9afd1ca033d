/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Offsets and sizes that assembly needs. This file is compiled to assembler text only; the build picks the marked lines
 * out of it and makes entry/asm_offsets.h.
 */
#include "cpu/cpu_local.h"
#include "cpu/desc.h"
#include "cpu/features.h"
#include "domain/vcpu.h"
#include "lib/types.h"

#define DEFINE(name, value)        __asm__ volatile("\n.ascii \"->" #name " %c0\"" : : "i"(value))
#define OFFSET(name, type, member) DEFINE(name, offsetof(type, member))

_Static_assert(offsetof(struct cpu_local, guest) == 0, "entry.S: the guest frame is the beginning of cpu_local");
_Static_assert(offsetof(struct vcpu_info, evtchn_upcall_pending) == 0, "entry.S compares both bytes at once");
_Static_assert(offsetof(struct vcpu_info, evtchn_upcall_mask) == 1, "entry.S compares both bytes at once");

#undef current /* the member is meant here */

void asm_offsets(void);
void asm_offsets(void)
{
    DEFINE(ASM_PAGE_SIZE, PAGE_SIZE);
    DEFINE(ASM_STACK_SIZE, STACK_SIZE);

    OFFSET(REGS_R15, struct cpu_regs, r15);
    OFFSET(REGS_R14, struct cpu_regs, r14);
    OFFSET(REGS_R13, struct cpu_regs, r13);
    OFFSET(REGS_R12, struct cpu_regs, r12);
    OFFSET(REGS_RBP, struct cpu_regs, rbp);
    OFFSET(REGS_RBX, struct cpu_regs, rbx);
    OFFSET(REGS_R10, struct cpu_regs, r10);
    OFFSET(REGS_R9, struct cpu_regs, r9);
    OFFSET(REGS_R8, struct cpu_regs, r8);
    OFFSET(REGS_RAX, struct cpu_regs, rax);
    OFFSET(REGS_RDX, struct cpu_regs, rdx);
    OFFSET(REGS_RSI, struct cpu_regs, rsi);
    OFFSET(REGS_RDI, struct cpu_regs, rdi);
    OFFSET(REGS_VECTOR, struct cpu_regs, vector);
    OFFSET(REGS_RIP, struct cpu_regs, rip);
    OFFSET(REGS_CS, struct cpu_regs, cs);
    OFFSET(REGS_RFLAGS, struct cpu_regs, rflags);
    OFFSET(REGS_RSP, struct cpu_regs, rsp);
    DEFINE(REGS_WORDS, sizeof(struct cpu_regs) / 8);

    DEFINE(CPU_LOCAL_SIZE, sizeof(struct cpu_local));
    OFFSET(CPU_CURRENT, struct cpu_local, current);
    OFFSET(CPU_SOFTIRQS, struct cpu_local, softirqs);
    OFFSET(VCPU_INFO, struct vcpu, info);
    OFFSET(VCPU_KERNEL_MODE, struct vcpu, pv.kernel_mode);
    OFFSET(FEATURES_SMAP, struct cpu_features, smap);

    DEFINE(ASM_GUEST_SS, SEL_GUEST_SS);
    DEFINE(ASM_GUEST_CS64, SEL_GUEST_CS64);
    DEFINE(ASM_GUEST_CS32, SEL_GUEST_CS32);
    DEFINE(ASM_VECTOR_SYSCALL, VECTOR_SYSCALL);
    DEFINE(ASM_RFLAGS_IF, RFLAGS_IF);
    DEFINE(ASM_RFLAGS_VIRTUAL, RFLAGS_IOPL | RFLAGS_VM);
}
