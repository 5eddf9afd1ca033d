/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations of HYPERVISOR_sysctl that have files of their own. They work on a copy of the public structure. */
#ifndef HAVEN_HYPERCALL_SYSCTL_H
#define HAVEN_HYPERCALL_SYSCTL_H

#include "lib/types.h"
#include <xen/sysctl.h>

/* domctl_policy.c */
int64_t sysctl_get_cpu_policy(struct xen_sysctl *s);
int64_t sysctl_get_cpu_featureset(struct xen_sysctl *s);

/* sysctl_cpupool.c */
int64_t sysctl_cpupool_op(struct xen_sysctl *s);
int64_t sysctl_scheduler_op(struct xen_sysctl *s);

#endif
