/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_domctl: control of domains, for control domains only: the table of operations, and those that say it all
 * in a line or two. The structure is copied in, the operation works on the copy, and the copy goes back if the table
 * says so. One operation at a time: whoever finds the lock taken tries again by continuation, so that its vCPU can be
 * paused by the one who holds it.
 */
#include "hypercall/domctl.h"
#include "cpu/features.h"
#include "domain/vcpu.h"
#include "grant/table.h"
#include "guest/clock.h"
#include "hypercall/continuation.h"
#include "hypercall/domain_info.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "lifecycle/create.h"
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
        .max_pages = MIN(d->max_pages, (uint64_t)UINT32_MAX), /* what tools take for "no limit" */
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
                  (d->shut_down_told ? XEN_DOMINF_shutdown : 0) | (d->paused_by_control ? XEN_DOMINF_paused : 0) |
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
    if (d->paused_by_control == CONTROL_PAUSES_MAX)
        return -EBUSY;
    d->paused_by_control++;
    domain_pause_sync(d);
    return 0;
}

/* While a domain is paused its builder may write shared_info, where the times are. */
static void publish_times(struct domain *d)
{
    struct vcpu *v;

    vcpu_for_each (d, v) {
        v->time_version = 0;
        guest_clock_publish(v);
    }
    guest_clock_publish_wall(d);
}

static int64_t op_unpausedomain(struct domain *d, struct xen_domctl *c)
{
    (void)c;
    if (!d->paused_by_control)
        return -EINVAL;
    if (!--d->paused_by_control)
        publish_times(d);
    domain_unpause(d);
    return 0;
}

static int64_t op_destroydomain(struct domain *d, struct xen_domctl *c)
{
    (void)c;
    return domain_is_dom0(d) ? -EINVAL : domain_destroy(d);
}

static int64_t op_resumedomain(struct domain *d, struct xen_domctl *c)
{
    (void)c;
    domain_resume(d);
    return 0;
}

static int64_t op_setdomainhandle(struct domain *d, struct xen_domctl *c)
{
    memcpy(d->handle, c->u.setdomainhandle.handle, sizeof(d->handle));
    return 0;
}

static int64_t op_settimeoffset(struct domain *d, struct xen_domctl *c)
{
    d->time_offset_seconds = c->u.settimeoffset.time_offset_seconds;
    guest_clock_publish_wall(d);
    return 0;
}

static int64_t op_grant_users(struct domain *d, struct xen_domctl *c)
{
    struct haven_grant_users users;

    _Static_assert(sizeof(users) <= sizeof(c->u.pad), "the answer's place");
    grant_count_users(d, &users);
    memcpy(c->u.pad, &users, sizeof(users));
    return 0;
}

#define ANY_STATE 1  /* also about a domain that is dying or dead: -ESRCH without */
#define NO_DOMAIN 2  /* there is none yet */
#define NOT_SELF  4  /* -EINVAL: pauses the domain, or would end what goes on here */
#define OUT       8  /* the structure goes back if it succeeded */
#define OUT_ERROR 16 /* in any case */

#define OP(name, flags)      [XEN_DOMCTL_##name] = {domctl_##name, flags, 0}
#define HERE(name, flags)    [XEN_DOMCTL_##name] = {op_##name, flags, 0}
#define REFUSED(name, error) [XEN_DOMCTL_##name] = {NULL, ANY_STATE | NO_DOMAIN, error}

/* All operations, who may be their object, and those that are refused: HVM's, and what there is no device for. */
static const struct domctl_op {
    int64_t (*fn)(struct domain *d, struct xen_domctl *c);
    uint8_t flags;
    int error;
} domctl_ops[] = {
    OP(createdomain, NO_DOMAIN | OUT),
    HERE(destroydomain, ANY_STATE | NOT_SELF),
    HERE(pausedomain, ANY_STATE | NOT_SELF),
    HERE(unpausedomain, ANY_STATE),
    HERE(getdomaininfo, ANY_STATE | OUT),
    OP(setvcpuaffinity, OUT),
    OP(shadow_op, NOT_SELF),
    OP(max_mem, ANY_STATE),
    OP(setvcpucontext, NOT_SELF),
    OP(getvcpucontext, OUT),
    OP(getvcpuinfo, ANY_STATE | OUT),
    OP(max_vcpus, NOT_SELF),
    OP(scheduler_op, ANY_STATE | OUT),
    HERE(setdomainhandle, 0),
    REFUSED(setdebugging, -EOPNOTSUPP),
    OP(irq_permission, 0),
    OP(iomem_permission, 0),
    OP(ioport_permission, 0),
    OP(hypercall_init, 0),
    HERE(settimeoffset, 0),
    OP(getvcpuaffinity, ANY_STATE | OUT),
    HERE(resumedomain, NOT_SELF),
    OP(sendtrigger, 0),
    REFUSED(subscribe, -EOPNOTSUPP),
    REFUSED(gethvmcontext, -EINVAL),
    REFUSED(sethvmcontext, -EINVAL),
    OP(set_address_size, 0),
    OP(get_address_size, OUT),
    REFUSED(assign_device, -EOPNOTSUPP),
    REFUSED(bind_pt_irq, -EINVAL),
    REFUSED(memory_mapping, -EOPNOTSUPP),
    REFUSED(ioport_mapping, -EOPNOTSUPP),
    OP(set_ext_vcpucontext, 0),
    OP(get_ext_vcpucontext, OUT),
    REFUSED(test_assign_device, -EOPNOTSUPP),
    REFUSED(set_target, -EOPNOTSUPP),
    REFUSED(deassign_device, -EOPNOTSUPP),
    REFUSED(unbind_pt_irq, -EINVAL),
    REFUSED(get_device_group, -EOPNOTSUPP),
    REFUSED(debug_op, -EINVAL),
    REFUSED(gethvmcontext_partial, -EINVAL),
    REFUSED(vm_event_op, -EOPNOTSUPP),
    REFUSED(mem_sharing_op, -EOPNOTSUPP),
    OP(gettscinfo, NOT_SELF | OUT),
    OP(settscinfo, NOT_SELF),
    OP(getpageframeinfo3, 0),
    OP(setvcpuextstate, 0),
    OP(getvcpuextstate, OUT),
    REFUSED(set_access_required, -EOPNOTSUPP),
    REFUSED(audit_p2m, -EOPNOTSUPP),
    REFUSED(set_virq_handler, -EOPNOTSUPP),
    REFUSED(set_broken_page_p2m, -EINVAL),
    OP(setnodeaffinity, 0),
    OP(getnodeaffinity, OUT),
    OP(get_vcpu_msrs, OUT_ERROR),
    OP(set_vcpu_msrs, OUT_ERROR),
    REFUSED(setvnumainfo, -EOPNOTSUPP),
    REFUSED(psr_cmt_op, -ENODEV),
    REFUSED(monitor_op, -EOPNOTSUPP),
    REFUSED(psr_alloc, -ENODEV),
    REFUSED(soft_reset, -EINVAL),
    OP(get_cpu_policy, OUT),
    OP(set_cpu_policy, NOT_SELF | OUT_ERROR),
    REFUSED(vmtrace_op, -EINVAL),
    REFUSED(get_paging_mempool_size, -EOPNOTSUPP),
    REFUSED(set_paging_mempool_size, -EOPNOTSUPP),
};

/* Haven's own, far from Xen's numbers. */
static const struct domctl_op grant_users_op = {op_grant_users, ANY_STATE | OUT, 0};

static const struct domctl_op *find_op(uint32_t command)
{
    if (command == HAVEN_DOMCTL_GRANT_USERS)
        return &grant_users_op;
    return command < ARRAY_SIZE(domctl_ops) ? &domctl_ops[command] : NULL;
}

/* The domain that it is about, referenced. Tools go through all domains by asking for the next one's description. */
static struct domain *object(const struct xen_domctl *c, const struct domctl_op *op)
{
    struct domain *d = c->domain < DOMID_FIRST_RESERVED ? domain_next(c->domain) : NULL;

    if (d && ((d->id != c->domain && c->cmd != XEN_DOMCTL_getdomaininfo) || (d->dying && !(op->flags & ANY_STATE)))) {
        domain_put(d);
        return NULL;
    }
    return d;
}

static int64_t run(const struct domctl_op *op, struct xen_domctl *c, uint64_t arg)
{
    struct domain *d = NULL;
    int64_t result;

    if (!(op->flags & NO_DOMAIN) && !(d = object(c, op)))
        return -ESRCH;
    if ((op->flags & NOT_SELF) && d == current->domain)
        result = -EINVAL;
    else if (!spin_trylock(&domctl_lock))
        result = -ERESTART;
    else {
        result = op->fn(d, c);
        spin_unlock(&domctl_lock);
    }
    if (d)
        domain_put(d);
    if (result == -ERESTART)
        return continuation_make(__HYPERVISOR_domctl, 1, arg);
    if ((op->flags & OUT_ERROR || (op->flags & OUT && !result)) && guest_copy_out(arg, c, sizeof(*c)))
        return -EFAULT;
    return result;
}

int64_t hypercall_domctl(uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct xen_domctl c;

    (void)a2, (void)a3, (void)a4, (void)a5;
    if (guest_copy_in(&c, arg, sizeof(c)))
        return -EFAULT;
    if (c.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    if (!current->domain->privileged)
        return -EPERM;

    const struct domctl_op *op = find_op(c.cmd);
    if (op && op->fn)
        return run(op, &c, arg);
    return op && op->error ? op->error : -ENOSYS;
}
