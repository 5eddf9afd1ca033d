/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model-specific registers as a PV guest's kernel reads and writes them by RDMSR and WRMSR, which trap. */
#ifndef HAVEN_GUEST_PV_MSR_POLICY_H
#define HAVEN_GUEST_PV_MSR_POLICY_H

#include "domain/vcpu.h"

/* Current vCPU. False: the guest gets #GP. */
bool msr_policy_read(struct vcpu *v, uint32_t msr, uint64_t *value);
bool msr_policy_write(struct vcpu *v, uint32_t msr, uint64_t value);

#endif
