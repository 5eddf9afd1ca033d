/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounce frames: how the hypervisor enters the guest kernel for exceptions, events, and system calls. */
#ifndef HAVEN_GUEST_PV_TRAP_FRAME_H
#define HAVEN_GUEST_PV_TRAP_FRAME_H

#include "domain/vcpu.h"

/* Current vCPU. Delivers exception 'vector' to the guest kernel's handler at the next exit. A guest without a usable handler or stack is crashed. */
void trap_frame_exception(struct vcpu *v, unsigned int vector, uint32_t error_code);
void trap_frame_page_fault(struct vcpu *v, uint64_t address, uint32_t error_code);
/* Software interrupt int n: DPL is checked (#GP on failure); rip already past the instruction. */
void trap_frame_software_interrupt(struct vcpu *v, unsigned int vector);
void trap_frame_event(struct vcpu *v);     /* event callback */
void trap_frame_failsafe(struct vcpu *v);  /* segment load failed on the way out */
void trap_frame_syscall(struct vcpu *v, bool compat);

#endif
