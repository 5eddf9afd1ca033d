/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions that a PV guest's code raises and that the hypervisor may resolve itself. Each returns true when it was
 * resolved (registers are up to date, go back to the guest); false: the exception is the guest's own. Current vCPU;
 * regs are guest_regs(). May themselves inject an exception (then true).
 */
#ifndef HAVEN_GUEST_PV_EMULATE_H
#define HAVEN_GUEST_PV_EMULATE_H

#include "domain/vcpu.h"

/* As much of the instruction at rip as is mapped; the number of bytes. */
unsigned int instruction_fetch(uint64_t rip, uint8_t *bytes);

bool page_fault_resolve_write(struct vcpu *v, struct cpu_regs *regs, uint64_t address); /* #PF: writes to tables */
/* In line, so that the many faults that cannot be one are sorted out at once. */
static inline bool page_fault_resolve(struct vcpu *v, struct cpu_regs *regs, uint64_t address)
{
    uint64_t code = regs->error_code & (PF_PRESENT | PF_WRITE | PF_RESERVED | PF_FETCH);
    return code == (PF_PRESENT | PF_WRITE) && page_fault_resolve_write(v, regs, address);
}
bool privileged_insn_emulate(struct vcpu *v, struct cpu_regs *regs);      /* #GP with error code 0 */
bool privileged_insn_forced_cpuid(struct vcpu *v, struct cpu_regs *regs); /* #UD: ud2; 'xen'; cpuid */
bool privileged_insn_software_int(struct vcpu *v, struct cpu_regs *regs); /* #GP with an IDT error code: int n */

/* CPUID as the domain sees it; kernel mode may differ from user. v NULL: what any domain is offered. */
struct cpuid_leaf cpuid_policy_read(struct vcpu *v, uint32_t leaf, uint32_t subleaf);
/* Mask of CR4 bits a guest may see set / may set. */
uint64_t cpuid_policy_cr4_allowed(struct vcpu *v);

#endif
