/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sysctl: the one pool of CPUs, with all domains in it, and what its scheduler can be told. */
#include "hypercall/domctl.h"
#include "hypercall/sysctl.h"
#include "lib/errno.h"
#include "sched/policy.h"

static uint32_t domain_count(void)
{
    struct domain *d;
    uint32_t count = 0;

    for (domid_t next = 0; (d = domain_next(next)) != NULL; domain_put(d), count++)
        next = (domid_t)(d->id + 1);
    return count;
}

/* Info is about the first pool with at least that number: tools ask until there is none. */
int64_t sysctl_cpupool_op(struct xen_sysctl *s)
{
    struct xen_sysctl_cpupool_op *op = &s->u.cpupool_op;

    switch (op->op) {
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        if (op->cpupool_id)
            return -ENOENT;
        op->sched_id = XEN_SCHEDULER_CREDIT2;
        op->n_dom = domain_count();
        return domctl_bitmap_out(&op->cpumap, cpu_online);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
        return domctl_bitmap_out(&op->cpumap, 0);
    case XEN_SYSCTL_CPUPOOL_OP_CREATE:
    case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
    case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
    case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
        return -EOPNOTSUPP;
    default:
        return -ENOSYS;
    }
}

/* The rate limit: how long a vCPU runs before one that wakes may preempt it. */
int64_t sysctl_scheduler_op(struct xen_sysctl *s)
{
    struct xen_sysctl_scheduler_op *op = &s->u.scheduler_op;
    uint32_t *us = &op->u.sched_credit2.ratelimit_us;

    if (op->cmd != XEN_SYSCTL_SCHEDOP_putinfo && op->cmd != XEN_SYSCTL_SCHEDOP_getinfo)
        return -EINVAL;
    if (op->cpupool_id)
        return -ESRCH;
    if (op->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    if (op->cmd == XEN_SYSCTL_SCHEDOP_putinfo) {
        if (*us && (*us < XEN_SYSCTL_SCHED_RATELIMIT_MIN || *us > XEN_SYSCTL_SCHED_RATELIMIT_MAX))
            return -EINVAL;
        policy_ratelimit = *us * 1000ULL;
    }
    *us = (uint32_t)(policy_ratelimit / 1000);
    return 0;
}
