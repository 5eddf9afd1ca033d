/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations of HYPERVISOR_domctl, by subject. Each works on a copy of the public structure, under the domctl lock, on
 * a domain that the caller holds a reference to. 0 or -Exxx; -ERESTART: once more with the same arguments.
 */
#ifndef HAVEN_HYPERCALL_DOMCTL_H
#define HAVEN_HYPERCALL_DOMCTL_H

#include "domain/vcpu.h"
#include <xen/domctl.h>

/* NULL: there is no such vCPU. */
static inline struct vcpu *domctl_vcpu(const struct domain *d, uint32_t id)
{
    return id < d->max_vcpus ? __atomic_load_n(&d->vcpu[id], __ATOMIC_ACQUIRE) : NULL;
}

/* Masks of up to 64 bits from and to the ABI's bit maps of any length; what is beyond the end of either is 0. */
int domctl_bitmap_in(const struct xenctl_bitmap *b, uint64_t *mask) __must_check;
int domctl_bitmap_out(const struct xenctl_bitmap *b, uint64_t mask) __must_check;

/* domctl_create.c */
int64_t domctl_createdomain(struct domain *d, struct xen_domctl *c); /* d: NULL */
int64_t domctl_max_vcpus(struct domain *d, struct xen_domctl *c);

/* domctl_vcpu.c */
int64_t domctl_setvcpucontext(struct domain *d, struct xen_domctl *c);
int64_t domctl_getvcpucontext(struct domain *d, struct xen_domctl *c);
int64_t domctl_getvcpuinfo(struct domain *d, struct xen_domctl *c);
int64_t domctl_sendtrigger(struct domain *d, struct xen_domctl *c);
int64_t domctl_set_ext_vcpucontext(struct domain *d, struct xen_domctl *c);
int64_t domctl_get_ext_vcpucontext(struct domain *d, struct xen_domctl *c);
int64_t domctl_setvcpuextstate(struct domain *d, struct xen_domctl *c);
int64_t domctl_getvcpuextstate(struct domain *d, struct xen_domctl *c);
int64_t domctl_get_vcpu_msrs(struct domain *d, struct xen_domctl *c);
int64_t domctl_set_vcpu_msrs(struct domain *d, struct xen_domctl *c);

/* domctl_sched.c */
int64_t domctl_setvcpuaffinity(struct domain *d, struct xen_domctl *c);
int64_t domctl_getvcpuaffinity(struct domain *d, struct xen_domctl *c);
int64_t domctl_setnodeaffinity(struct domain *d, struct xen_domctl *c);
int64_t domctl_getnodeaffinity(struct domain *d, struct xen_domctl *c);
int64_t domctl_scheduler_op(struct domain *d, struct xen_domctl *c);

/* domctl_rights.c */
int64_t domctl_irq_permission(struct domain *d, struct xen_domctl *c);
int64_t domctl_iomem_permission(struct domain *d, struct xen_domctl *c);
int64_t domctl_ioport_permission(struct domain *d, struct xen_domctl *c);

/* domctl_memory.c */
int64_t domctl_max_mem(struct domain *d, struct xen_domctl *c);
int64_t domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *c);
int64_t domctl_hypercall_init(struct domain *d, struct xen_domctl *c);
int64_t domctl_shadow_op(struct domain *d, struct xen_domctl *c);
int64_t domctl_set_address_size(struct domain *d, struct xen_domctl *c);
int64_t domctl_get_address_size(struct domain *d, struct xen_domctl *c);

/* domctl_policy.c */
int64_t domctl_get_cpu_policy(struct domain *d, struct xen_domctl *c);
int64_t domctl_set_cpu_policy(struct domain *d, struct xen_domctl *c);
int64_t domctl_settscinfo(struct domain *d, struct xen_domctl *c);
int64_t domctl_gettscinfo(struct domain *d, struct xen_domctl *c);

#endif
