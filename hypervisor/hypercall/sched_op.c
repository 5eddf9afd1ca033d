/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HYPERVISOR_sched_op: what a vCPU asks of the scheduler, and the end of domains by themselves. */
#include "domain/vcpu.h"
#include "event/channel.h"
#include "hypercall/operation.h"
#include "hypercall/table.h"
#include "irq/softirq.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"
#include "sched/sched.h"
#include "time/clock.h"
#include <xen/sched.h>

#define POLL_PORTS_MAX 128
#define NS_PER_SEC     1000000000ULL

static int64_t op_yield(struct vcpu *, void *, uint64_t)
{
    sched_yield();
    return 0;
}

static int64_t op_block(struct vcpu *, void *, uint64_t)
{
    sched_block();
    return 0;
}

static int64_t op_shutdown(struct vcpu *v, void *copy, uint64_t)
{
    struct sched_shutdown *op = copy;
    domain_shutdown(v->domain, (uint8_t)op->reason);
    return 0;
}

/* Only notes the code that the shutdown to come will have. */
static int64_t op_shutdown_code(struct vcpu *v, void *copy, uint64_t)
{
    struct sched_shutdown *op = copy;
    uint32_t none = ~0u;

    __atomic_compare_exchange_n(&v->domain->shutdown_code, &none, (uint8_t)op->reason, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return 0;
}

static bool poll_any_pending(struct vcpu *v, const evtchn_port_t *port, unsigned int count)
{
    if (event_deliverable(v))
        return true;
    for (unsigned int i = 0; i < count; i++)
        if (event_port_pending(v->domain, port[i]))
            return true;
    return false;
}

/* Flags first, then the look at the ports: an event is either seen here, or its sender sees the flags. */
static int64_t op_poll(struct vcpu *v, void *copy, uint64_t)
{
    struct sched_poll *op = copy;
    evtchn_port_t port[POLL_PORTS_MAX];

    if (op->nr_ports > POLL_PORTS_MAX)
        return -EINVAL;
    if (op->nr_ports && guest_copy_in(port, guest_handle_va(op->ports), op->nr_ports * sizeof(port[0])))
        return -EFAULT;
    for (unsigned int i = 0; i < op->nr_ports; i++)
        if (!event_port_exists(v->domain, port[i]))
            return -EINVAL;

    v->poll_port = op->nr_ports == 1 ? port[0] : 0;
    vcpu_set_flags(v, VCPU_BLOCKED | VCPU_POLLING);
    if (poll_any_pending(v, port, op->nr_ports)) {
        vcpu_clear_flags(v, VCPU_BLOCKED | VCPU_POLLING);
        return 0;
    }
    if (op->timeout) {
        timer_migrate(&v->poll_timer, cpu_id());
        /* A time is signed: a negative one is past, not the end of all days, and a vCPU that slept would never know. */
        timer_set(&v->poll_timer, (int64_t)op->timeout < 0 ? 1 : op->timeout);
    } else {
        timer_stop(&v->poll_timer); /* left over from a poll that an event ended */
    }
    softirq_raise(SOFTIRQ_SCHEDULE);
    return 0;
}

static int64_t op_remote_shutdown(struct vcpu *v, void *copy, uint64_t)
{
    struct sched_remote_shutdown *op = copy;
    struct domain *d;
    int64_t result = -EPERM;

    d = domain_get_by_id(op->domain_id);
    if (!d)
        return -ESRCH;
    if (v->domain->privileged) {
        domain_shutdown(d, (uint8_t)op->reason);
        result = 0;
    }
    domain_put(d);
    return result;
}

static int64_t watchdog_start(struct domain *d, uint32_t seconds)
{
    for (unsigned int i = 0; i < DOMAIN_WATCHDOGS; i++) {
        if (d->watchdog[i].in_use)
            continue;
        d->watchdog[i].in_use = true;
        timer_set(&d->watchdog[i].timer, clock_now() + seconds * NS_PER_SEC);
        return i + 1;
    }
    return -ENOSPC;
}

static int64_t watchdog_change(struct domain_watchdog *w, uint32_t seconds)
{
    if (!w->in_use)
        return -EINVAL;
    if (seconds) {
        timer_set(&w->timer, clock_now() + seconds * NS_PER_SEC);
    } else {
        timer_stop(&w->timer);
        w->in_use = false;
    }
    return 0;
}

static int64_t op_watchdog(struct vcpu *v, void *copy, uint64_t)
{
    struct sched_watchdog *op = copy;
    struct domain *d = v->domain;
    int64_t result;

    if (op->id > DOMAIN_WATCHDOGS)
        return -EINVAL;
    spin_lock(&d->lock);
    result = op->id ? watchdog_change(&d->watchdog[op->id - 1], op->timeout) : watchdog_start(d, op->timeout);
    spin_unlock(&d->lock);
    return result;
}

/* For firmware that must run on one CPU; not offered: dom0's drivers that want it go on without. */
static int64_t op_pin_override(struct vcpu *v, void *, uint64_t)
{
    return v->domain->privileged ? -ENOSYS : -EPERM;
}

static const struct operation sched_ops[] = {
    [SCHEDOP_yield] = {op_yield, 0, 0},
    [SCHEDOP_block] = {op_block, 0, 0},
    [SCHEDOP_shutdown] = {op_shutdown, sizeof(struct sched_shutdown), 0},
    [SCHEDOP_poll] = {op_poll, sizeof(struct sched_poll), 0},
    [SCHEDOP_remote_shutdown] = {op_remote_shutdown, sizeof(struct sched_remote_shutdown), 0},
    [SCHEDOP_shutdown_code] = {op_shutdown_code, sizeof(struct sched_shutdown), 0},
    [SCHEDOP_watchdog] = {op_watchdog, sizeof(struct sched_watchdog), 0},
    [SCHEDOP_pin_override] = {op_pin_override, 0, 0},
};

int64_t hypercall_sched_op(uint64_t cmd, uint64_t arg, uint64_t, uint64_t, uint64_t)
{
    return operation_do(sched_ops, ARRAY_SIZE(sched_ops), (uint32_t)cmd, current, arg);
}

/* The number it had before Xen 3.0: the shutdown reason itself is the argument. */
int64_t hypercall_sched_op_compat(uint64_t cmd, uint64_t arg, uint64_t, uint64_t, uint64_t)
{
    cmd = (uint32_t)cmd;
    if (cmd != SCHEDOP_shutdown)
        return cmd < SCHEDOP_shutdown ? hypercall_sched_op(cmd, arg, 0, 0, 0) : -ENOSYS;
    domain_shutdown(current->domain, (uint8_t)arg);
    return 0;
}
