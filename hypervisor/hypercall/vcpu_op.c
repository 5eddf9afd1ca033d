/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HYPERVISOR_vcpu_op: a domain's vCPUs, as seen by any one of them. */
#include "domain/vcpu.h"
#include "event/channel.h"
#include "guest/clock.h"
#include "guest/info_pages.h"
#include "hypercall/continuation.h"
#include "hypercall/operation.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "lifecycle/create.h"
#include "lifecycle/vcpu_timer.h"
#include "mm/guest_copy.h"
#include "mm/heap.h"
#include "mm/layout.h"
#include "sched/sched.h"
#include "time/clock.h"
#include <xen/vcpu.h>

#define PERIOD_MIN 1000000ULL            /* ns */
#define PERIOD_MAX (0x7fffffffULL << 30) /* keeps sums of times positive */

static int64_t op_initialise(struct vcpu *v, void *, uint64_t arg)
{
    struct vcpu_guest_context *c;
    int64_t result;

    if (mfn_eq(v->info_mfn, MFN_INVALID) && v->id >= XEN_LEGACY_MAX_VCPUS)
        return -EINVAL;         /* it has no vcpu_info yet */
    c = heap_alloc(sizeof(*c)); /* 5 KiB: too much for the stack */
    if (!c)
        return -ENOMEM;
    if (guest_copy_in(c, arg, sizeof(*c))) {
        heap_free(c);
        return -EFAULT;
    }
    spin_lock(&v->domain->lock);
    result = v->initialised ? -EEXIST : vcpu_state_set_context(v, c);
    spin_unlock(&v->domain->lock);
    heap_free(c);
    return result;
}

static int64_t op_up(struct vcpu *v, void *, uint64_t)
{
    return vcpu_state_up(v);
}

static int64_t op_down(struct vcpu *v, void *, uint64_t)
{
    return vcpu_state_down(v);
}

static int64_t op_is_up(struct vcpu *v, void *, uint64_t)
{
    return !(READ_ONCE(v->pause_flags) & VCPU_DOWN);
}

static int64_t op_get_runstate_info(struct vcpu *v, void *, uint64_t arg)
{
    vcpu_runstate_info_t info;

    sched_runstate_get(v, &info);
    return guest_copy_out(arg, &info, sizeof(info));
}

static int64_t op_register_runstate_memory_area(struct vcpu *v, void *copy, uint64_t)
{
    struct vcpu_register_runstate_memory_area *area = copy;
    vcpu_runstate_info_t info;
    uint64_t va;

    va = guest_handle_va(area->addr.h);
    if (!guest_address_ok(va) || !guest_address_ok(va + sizeof(info) - 1))
        return -EFAULT;
    v->runstate_guest = va;
    sched_runstate_get(v, &info);
    /* As in Xen: an address that cannot be written yet is no error. */
    (void)(va && guest_copy_out(va, &info, sizeof(info)));
    return 0;
}

static int64_t op_set_periodic_timer(struct vcpu *v, void *copy, uint64_t)
{
    struct vcpu_set_periodic_timer *set = copy;
    if (set->period_ns < PERIOD_MIN || set->period_ns > PERIOD_MAX)
        return -EINVAL;
    vcpu_timer_set_periodic(v, set->period_ns);
    return 0;
}

static int64_t op_stop_periodic_timer(struct vcpu *v, void *, uint64_t)
{
    if (v->periodic_period)
        vcpu_timer_set_periodic(v, 0);
    return 0;
}

static int64_t op_set_singleshot_timer(struct vcpu *v, void *copy, uint64_t)
{
    struct vcpu_set_singleshot_timer *set = copy;
    if (v != current)
        return -EINVAL;
    if ((set->flags & VCPU_SSHOTTMR_future) && set->timeout_abs_ns < clock_now())
        return -ETIME;
    vcpu_timer_set_singleshot(v, set->timeout_abs_ns);
    return 0;
}

static int64_t op_stop_singleshot_timer(struct vcpu *v, void *, uint64_t)
{
    if (v != current)
        return -EINVAL;
    timer_stop(&v->singleshot_timer);
    return 0;
}

static int64_t op_register_vcpu_info(struct vcpu *v, void *copy, uint64_t)
{
    struct vcpu_register_vcpu_info *info = copy;
    int64_t result;

    spin_lock(&v->domain->lock);
    result = info_pages_register_vcpu_info(v, info->mfn, info->offset);
    if (!result)
        guest_clock_publish(v);
    spin_unlock(&v->domain->lock);
    if (!result)
        event_vcpu_info_moved(v);
    return result;
}

static int64_t op_register_vcpu_time_memory_area(struct vcpu *, void *copy, uint64_t)
{
    struct vcpu_register_time_memory_area *area = copy;
    return guest_clock_register_area(guest_handle_va(area->addr.h));
}

/* Only meaningful for vCPUs that are tied to a CPU, which none is. */
static int64_t op_get_physid(struct vcpu *, void *, uint64_t)
{
    return -EINVAL;
}

static int64_t op_send_nmi(struct vcpu *v, void *, uint64_t arg)
{
    if (arg)
        return -EINVAL;
    v->pv.nmi_pending = true;
    sched_kick(v);
    return 0;
}

static const struct operation vcpu_ops[] = {
    [VCPUOP_initialise] = {op_initialise, 0, 0},
    [VCPUOP_up] = {op_up, 0, 0},
    [VCPUOP_down] = {op_down, 0, 0},
    [VCPUOP_is_up] = {op_is_up, 0, 0},
    [VCPUOP_get_runstate_info] = {op_get_runstate_info, 0, 0},
    [VCPUOP_register_runstate_memory_area] = {op_register_runstate_memory_area,
                                              sizeof(struct vcpu_register_runstate_memory_area), 0},
    [VCPUOP_set_periodic_timer] = {op_set_periodic_timer, sizeof(struct vcpu_set_periodic_timer), 0},
    [VCPUOP_stop_periodic_timer] = {op_stop_periodic_timer, 0, 0},
    [VCPUOP_set_singleshot_timer] = {op_set_singleshot_timer, sizeof(struct vcpu_set_singleshot_timer), 0},
    [VCPUOP_stop_singleshot_timer] = {op_stop_singleshot_timer, 0, 0},
    [VCPUOP_register_vcpu_info] = {op_register_vcpu_info, sizeof(struct vcpu_register_vcpu_info), 0},
    [VCPUOP_register_vcpu_time_memory_area] = {op_register_vcpu_time_memory_area,
                                               sizeof(struct vcpu_register_time_memory_area), 0},
    [VCPUOP_get_physid] = {op_get_physid, 0, 0},
    [VCPUOP_send_nmi] = {op_send_nmi, 0, 0},
};

int64_t hypercall_vcpu_op(uint64_t cmd, uint64_t id, uint64_t arg, uint64_t, uint64_t)
{
    struct domain *d = current->domain;
    struct vcpu *v;

    cmd = (uint32_t)cmd;
    id = (uint32_t)id;
    if (id >= d->max_vcpus)
        return -ENOENT;
    v = __atomic_load_n(&d->vcpu[id], __ATOMIC_ACQUIRE);
    if (!v)
        return -ENOENT;
    int64_t result = operation_do(vcpu_ops, ARRAY_SIZE(vcpu_ops), cmd, v, arg);
    if (unlikely(result == -ERESTART)) /* tables of a context that are long to check */
        return continuation_make(__HYPERVISOR_vcpu_op, 3, cmd, id, arg);
    return result;
}
