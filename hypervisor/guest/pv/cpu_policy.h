/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPUs can do, as lists of CPUID leaves in the control interface's form: the hardware, what PV domains are
 * offered, and what the toolstack left of that for one domain. Theory in cpu_policy.c.
 */
#ifndef HAVEN_GUEST_PV_CPU_POLICY_H
#define HAVEN_GUEST_PV_CPU_POLICY_H

#include "cpu/x86.h"
#include "domain/domain.h"

#define CPU_POLICY_LEAVES   120 /* most leaves of a list: 0-0xd with subleaves, two of hypervisors', 0x80000000-21 */
#define CPU_POLICY_FEATURES 19  /* words of a feature set: xen/arch-x86/cpufeatureset.h */

struct cpu_policy; /* of a domain */

/* Fills in up to CPU_POLICY_LEAVES; returns how many. d NULL: the hardware's if 'hardware', else what is offered. */
unsigned int cpu_policy_leaves(const struct domain *d, bool hardware, xen_cpuid_leaf_t *out);
void cpu_policy_features(bool hardware, uint32_t *words);

/*
 * Takes leaves over into d's list; the others stay. -ERANGE: no leaf of that number; -EINVAL: more leaves than the host
 * offers; both tell which in *bad. -ENOMEM. d has not run yet.
 */
int cpu_policy_set(struct domain *d, const xen_cpuid_leaf_t *leaves, unsigned int count, xen_cpuid_leaf_t *bad);
void cpu_policy_free(struct domain *d);

/* What d's list leaves of a leaf. */
void cpu_policy_limit(const struct cpu_policy *p, uint32_t leaf, uint32_t subleaf, struct cpuid_leaf *r);

#endif
