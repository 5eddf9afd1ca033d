/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_domctl: control of domains, for control domains only. Works like sysctl.c. One operation at a time:
 * whoever finds the lock taken tries again by continuation, so that its vCPU can be paused by the one who holds it.
 */
#include "cpu/features.h"
#include "domain/vcpu.h"
#include "hypercall/continuation.h"
#include "hypercall/domain_info.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "mm/guest_copy.h"
#include "sched/sched.h"
#include <xen/domctl.h>

_Static_assert(sizeof(struct xen_domctl) == 144, "public ABI: xen/domctl.h");

#define CONTROL_PAUSES_MAX 255

static struct spinlock domctl_lock = SPINLOCK_INIT(LOCK_LEVEL_DOMCTL);

void domain_info_fill(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    uint32_t running = 0, blocked = XEN_DOMINF_blocked;
    vcpu_runstate_info_t runstate;
    struct vcpu *v;

    *info = (struct xen_domctl_getdomaininfo){
        .domain = d->id,
        .tot_pages = d->tot_pages,
        .max_pages = d->max_pages,
        .outstanding_pages = d->outstanding_pages,
        .shared_info_frame = d->shared_info_mfn.n,
        .max_vcpu_id = XEN_INVALID_MAX_VCPU_ID,
        .gpaddr_bits = cpu_features.physical_bits,
    };
    memcpy(info->handle, d->handle, sizeof(info->handle));
    vcpu_for_each (d, v) {
        uint32_t flags = READ_ONCE(v->pause_flags);

        sched_runstate_get(v, &runstate);
        info->cpu_time += runstate.time[RUNSTATE_running];
        info->max_vcpu_id = (uint32_t)v->id;
        if (flags & VCPU_DOWN)
            continue;
        info->nr_online_vcpus++;
        if (!(flags & VCPU_BLOCKED))
            blocked = 0;
        if (READ_ONCE(v->running))
            running = XEN_DOMINF_running;
    }
    info->flags = (info->nr_online_vcpus ? running | blocked : 0) | (d->dying == DOMAIN_DEAD ? XEN_DOMINF_dying : 0) |
                  (d->shut_down ? XEN_DOMINF_shutdown : 0) | (d->paused_by_control ? XEN_DOMINF_paused : 0) |
                  d->shutdown_code << XEN_DOMINF_shutdownshift;
}

static int64_t op_getdomaininfo(struct domain *d, struct xen_domctl *c)
{
    domain_info_fill(d, &c->u.getdomaininfo);
    c->domain = d->id;
    return 0;
}

static int64_t op_pausedomain(struct domain *d, struct xen_domctl *c)
{
    (void)c;
    if (d == current->domain)
        return -EINVAL;
    if (d->paused_by_control == CONTROL_PAUSES_MAX)
        return -EBUSY;
    d->paused_by_control++;
    domain_pause_sync(d);
    return 0;
}

static int64_t op_unpausedomain(struct domain *d, struct xen_domctl *c)
{
    (void)c;
    if (!d->paused_by_control)
        return -EINVAL;
    d->paused_by_control--;
    domain_unpause(d);
    return 0;
}

static const struct {
    int64_t (*fn)(struct domain *d, struct xen_domctl *c);
    bool copy_back;
} domctl_ops[] = {
    [XEN_DOMCTL_pausedomain] = {op_pausedomain, false},
    [XEN_DOMCTL_unpausedomain] = {op_unpausedomain, false},
    [XEN_DOMCTL_getdomaininfo] = {op_getdomaininfo, true},
};

int64_t hypercall_domctl(uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct xen_domctl c;
    struct domain *d;
    int64_t result;

    (void)a2, (void)a3, (void)a4, (void)a5;
    if (guest_copy_in(&c, arg, sizeof(c)))
        return -EFAULT;
    if (c.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    if (!current->domain->privileged)
        return -EPERM;
    if (c.cmd >= ARRAY_SIZE(domctl_ops) || !domctl_ops[c.cmd].fn)
        return -ENOSYS;
    d = c.domain < DOMID_FIRST_RESERVED ? domain_get_by_id(c.domain) : NULL;
    /* Xen 4.17's tools go through all domains by asking for the next one. */
    if (!d && c.cmd == XEN_DOMCTL_getdomaininfo)
        d = domain_next(c.domain);
    if (!d)
        return -ESRCH;
    if (!spin_trylock(&domctl_lock)) {
        domain_put(d);
        return continuation_make(__HYPERVISOR_domctl, 1, arg);
    }
    result = domctl_ops[c.cmd].fn(d, &c);
    spin_unlock(&domctl_lock);
    domain_put(d);
    if (result || !domctl_ops[c.cmd].copy_back)
        return result;
    return guest_copy_out(arg, &c, sizeof(c));
}
