/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_event_channel_op: copies each operation's structure in, calls event/channel.c, copies results out. The
 * FIFO operations (init_control, expand_array, set_priority) are not offered: guests fall back to the 2-level ABI.
 */
#include "domain/vcpu.h"
#include "event/channel.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"

union event_argument {
    struct evtchn_alloc_unbound alloc_unbound;
    struct evtchn_bind_interdomain bind_interdomain;
    struct evtchn_bind_virq bind_virq;
    struct evtchn_bind_ipi bind_ipi;
    struct evtchn_bind_pirq bind_pirq;
    struct evtchn_bind_vcpu bind_vcpu;
    struct evtchn_close close;
    struct evtchn_send send;
    struct evtchn_status status;
    struct evtchn_unmask unmask;
    struct evtchn_reset reset;
};

#define OP(name, ...)                                                                                                  \
    static int op_##name(struct vcpu *v, union event_argument *a)                                                      \
    {                                                                                                                  \
        return event_##name(__VA_ARGS__);                                                                              \
    }

OP(bind_interdomain, v->domain, &a->bind_interdomain)
OP(bind_virq, v, &a->bind_virq)
OP(bind_pirq, v->domain, &a->bind_pirq)
OP(close, v->domain, a->close.port)
OP(send, v->domain, a->send.port)
OP(status, v->domain, &a->status)
OP(alloc_unbound, v->domain, &a->alloc_unbound)
OP(bind_ipi, v, &a->bind_ipi)
OP(bind_vcpu, v->domain, a->bind_vcpu.port, a->bind_vcpu.vcpu)
OP(unmask, v->domain, a->unmask.port)
OP(reset, v->domain, &a->reset)

#define EVENT_OP(op, out) [EVTCHNOP_##op] = {op_##op, sizeof(((union event_argument *)0)->op), out}

static const struct event_op {
    int (*fn)(struct vcpu *v, union event_argument *a);
    uint8_t size;
    bool copy_out;
} event_ops[] = {
    EVENT_OP(bind_interdomain, true), EVENT_OP(bind_virq, true), EVENT_OP(bind_pirq, true),
    EVENT_OP(close, false),           EVENT_OP(send, false),     EVENT_OP(status, true),
    EVENT_OP(alloc_unbound, true),    EVENT_OP(bind_ipi, true),  EVENT_OP(bind_vcpu, false),
    EVENT_OP(unmask, false),          EVENT_OP(reset, false),
};

static int64_t event_op(uint64_t cmd, uint64_t arg)
{
    if (cmd >= ARRAY_SIZE(event_ops) || !event_ops[cmd].fn)
        return -ENOSYS;
    const struct event_op *op = &event_ops[cmd];
    union event_argument a;
    if (guest_copy_in(&a, arg, op->size))
        return -EFAULT;
    int r = op->fn(current, &a);
    if (r == 0 && op->copy_out && guest_copy_out(arg, &a, op->size))
        return -EFAULT;
    return r;
}

int64_t hypercall_event_channel_op(uint64_t cmd, uint64_t arg, uint64_t a3, uint64_t a4, uint64_t a5)
{
    uint32_t port;
    (void)a3, (void)a4, (void)a5;
    if (unlikely((uint32_t)cmd != EVTCHNOP_send))
        return event_op((uint32_t)cmd, arg);
    /* Nearly all calls are this one: without the general way of arguments. */
    return guest_read_u32(arg, &port) ? -EFAULT : event_send(current->domain, port);
}

/* The old form: the number in a structure before the argument (struct evtchn_op: u32 cmd, then the union at 8). */
int64_t hypercall_event_channel_op_compat(uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    uint32_t cmd;
    (void)a2, (void)a3, (void)a4, (void)a5;
    if (guest_copy_in(&cmd, arg, sizeof(cmd)))
        return -EFAULT;
    return event_op(cmd, arg + offsetof(struct evtchn_op, u));
}
