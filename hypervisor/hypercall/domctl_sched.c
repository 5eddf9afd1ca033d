/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domctl: where vCPUs run and how much. There is one pool of CPUs, one memory node, and the parameters of credit2. */
#include "hypercall/domctl.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/guest_copy.h"
#include "sched/sched.h"

#define BITMAP_BYTES_MAX 4096u

int domctl_bitmap_in(const struct xenctl_bitmap *b, uint64_t *mask)
{
    uint32_t bits = MIN(b->nr_bits, 64u);

    *mask = 0;
    if (bits && guest_copy_in(mask, guest_handle_va(b->bitmap), (bits + 7) / 8))
        return -EFAULT;
    if (bits < 64)
        *mask &= (1ULL << bits) - 1;
    return 0;
}

int domctl_bitmap_out(const struct xenctl_bitmap *b, uint64_t mask)
{
    uint64_t to = guest_handle_va(b->bitmap), zero = 0;
    uint32_t bytes = b->nr_bits / 8 + (b->nr_bits % 8 ? 1 : 0);

    if (bytes > BITMAP_BYTES_MAX)
        return -E2BIG;
    if (bytes && guest_copy_out(to, &mask, MIN(bytes, (uint32_t)sizeof(mask))))
        return -EFAULT;
    for (uint32_t i = sizeof(mask); i < bytes; i += (uint32_t)sizeof(zero))
        if (guest_copy_out(to + i, &zero, MIN(bytes - i, (uint32_t)sizeof(zero))))
            return -EFAULT;
    return 0;
}

static int64_t affinity_target(struct domain *d, const struct xen_domctl_vcpuaffinity *op, struct vcpu **v)
{
    *v = domctl_vcpu(d, op->vcpu);
    if (!*v)
        return op->vcpu >= d->max_vcpus ? -EINVAL : -ESRCH;
    if (!op->flags || ((op->flags & XEN_VCPUAFFINITY_HARD) && !guest_handle_va(op->cpumap_hard.bitmap)) ||
        ((op->flags & XEN_VCPUAFFINITY_SOFT) && !guest_handle_va(op->cpumap_soft.bitmap)))
        return -EINVAL;
    return 0;
}

static int64_t affinity_answer(const struct xen_domctl_vcpuaffinity *op, cpumask_t hard, cpumask_t soft)
{
    int error = 0;

    if (op->flags & XEN_VCPUAFFINITY_HARD)
        error = domctl_bitmap_out(&op->cpumap_hard, hard & cpu_online);
    if (!error && (op->flags & XEN_VCPUAFFINITY_SOFT))
        error = domctl_bitmap_out(&op->cpumap_soft, soft & cpu_online);
    return error;
}

int64_t domctl_setvcpuaffinity(struct domain *d, struct xen_domctl *c)
{
    const struct xen_domctl_vcpuaffinity *op = &c->u.vcpuaffinity;
    struct vcpu *v;
    int64_t error = affinity_target(d, op, &v);

    if (error)
        return error;
    cpumask_t hard = v->hard_affinity, soft = v->soft_affinity;
    if (((op->flags & XEN_VCPUAFFINITY_HARD) && domctl_bitmap_in(&op->cpumap_hard, &hard)) ||
        ((op->flags & XEN_VCPUAFFINITY_SOFT) && domctl_bitmap_in(&op->cpumap_soft, &soft)))
        return -EFAULT;
    error = sched_set_affinity(v, hard, soft);
    return error ? error : affinity_answer(op, hard, soft & hard);
}

int64_t domctl_getvcpuaffinity(struct domain *d, struct xen_domctl *c)
{
    const struct xen_domctl_vcpuaffinity *op = &c->u.vcpuaffinity;
    struct vcpu *v;
    int64_t error = affinity_target(d, op, &v);

    return error ? error : affinity_answer(op, v->hard_affinity, v->soft_affinity);
}

/* All memory is node 0: nothing to choose. */
int64_t domctl_setnodeaffinity(struct domain *d, struct xen_domctl *c)
{
    uint64_t nodes;

    (void)d;
    if (domctl_bitmap_in(&c->u.nodeaffinity.nodemap, &nodes))
        return -EFAULT;
    return nodes & 1 ? 0 : -EINVAL;
}

int64_t domctl_getnodeaffinity(struct domain *d, struct xen_domctl *c)
{
    (void)d;
    return domctl_bitmap_out(&c->u.nodeaffinity.nodemap, 1);
}

int64_t domctl_scheduler_op(struct domain *d, struct xen_domctl *c)
{
    struct xen_domctl_sched_credit2 *p = &c->u.scheduler_op.u.credit2;
    uint16_t weight, cap;

    if (c->u.scheduler_op.sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    sched_get_params(d, &weight, &cap);
    switch (c->u.scheduler_op.cmd) {
    case XEN_DOMCTL_SCHEDOP_getinfo:
        p->weight = weight;
        p->cap = cap;
        return 0;
    case XEN_DOMCTL_SCHEDOP_putinfo:
        if (p->cap > 100 * d->max_vcpus)
            return -EINVAL;
        return sched_set_params(d, p->weight ? p->weight : weight, p->cap);
    default: /* single vCPUs have no parameters */
        return -EINVAL;
    }
}
