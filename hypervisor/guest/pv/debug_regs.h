/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug registers of PV vCPUs: what a guest may put into them. */
#ifndef HAVEN_GUEST_PV_DEBUG_REGS_H
#define HAVEN_GUEST_PV_DEBUG_REGS_H

#include "domain/vcpu.h"

#define DR6_DEFAULT 0xffff0ff0UL
#define DR7_DEFAULT 0x400UL
#define DR7_ACTIVE  0xffUL /* any of L0..G3 */

/*
 * For hypercalls, emulated MOV DR and vCPU contexts. The register is loaded when v is current. -ENODEV: no such
 * register (#UD for an instruction); -EINVAL: reserved bits, -EPERM: not for guests (both #GP).
 */
int debug_regs_set(struct vcpu *v, unsigned int reg, uint64_t value);
int debug_regs_get(const struct vcpu *v, unsigned int reg, uint64_t *value);

/* Context switch. */
void debug_regs_load(const struct vcpu *v);
void debug_regs_unload(const struct vcpu *v);

/* #DB by the current vCPU: folds DR6 into what it reads. */
void debug_regs_record(struct vcpu *v);

#endif
