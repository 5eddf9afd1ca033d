/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounce frames: how the hypervisor enters the guest kernel for exceptions, events, and system calls. */
#ifndef HAVEN_GUEST_PV_TRAP_FRAME_H
#define HAVEN_GUEST_PV_TRAP_FRAME_H

#include "domain/vcpu.h"

/* Current vCPU. Delivers exception 'vector' to the guest kernel's handler at the next exit. A guest without a usable
 * handler or stack is crashed. */
void trap_frame_exception(struct vcpu *v, unsigned int vector, uint32_t error_code);
void trap_frame_page_fault(struct vcpu *v, uint64_t address, uint32_t error_code);
/* Software interrupt int n: DPL is checked (#GP on failure); rip already past the instruction. */
void trap_frame_software_interrupt(struct vcpu *v, unsigned int vector);
void trap_frame_event(struct vcpu *v);    /* event callback */
void trap_frame_failsafe(struct vcpu *v); /* segment load failed on the way out */
void trap_frame_syscall(struct vcpu *v, bool compat);
void trap_frame_sysenter(struct vcpu *v);
bool trap_frame_nmi(struct vcpu *v); /* false: the guest has no handler for it */

/* The way back, HYPERVISOR_iret (iret.c): takes its frame from the guest kernel's stack; returns the new rax. */
uint64_t trap_frame_iret(struct vcpu *v);

#endif
