/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_event_channel_op: each operation is one function of event/channel.c. The FIFO operations (init_control,
 * expand_array, set_priority) are not offered: guests fall back to the 2-level ABI.
 */
#include "domain/vcpu.h"
#include "event/channel.h"
#include "hypercall/operation.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"

#define OP(name, ...)                                                                                                  \
    static int64_t op_##name(struct vcpu *v, void *copy, uint64_t)                                                     \
    {                                                                                                                  \
        struct evtchn_##name *a = copy;                                                                                \
        return event_##name(__VA_ARGS__);                                                                              \
    }

OP(bind_interdomain, v->domain, a)
OP(bind_virq, v, a)
OP(bind_pirq, v->domain, a)
OP(close, v->domain, a->port)
OP(send, v->domain, a->port)
OP(status, v->domain, a)
OP(alloc_unbound, v->domain, a)
OP(bind_ipi, v, a)
OP(bind_vcpu, v->domain, a->port, a->vcpu)
OP(unmask, v->domain, a->port)
OP(reset, v->domain, a)

#define EVENT_OP(op, flags) [EVTCHNOP_##op] = {op_##op, sizeof(struct evtchn_##op), flags}

static const struct operation event_ops[] = {
    EVENT_OP(bind_interdomain, OPERATION_OUT),
    EVENT_OP(bind_virq, OPERATION_OUT),
    EVENT_OP(bind_pirq, OPERATION_OUT),
    EVENT_OP(close, 0),
    EVENT_OP(send, 0),
    EVENT_OP(status, OPERATION_OUT),
    EVENT_OP(alloc_unbound, OPERATION_OUT),
    EVENT_OP(bind_ipi, OPERATION_OUT),
    EVENT_OP(bind_vcpu, 0),
    EVENT_OP(unmask, 0),
    EVENT_OP(reset, 0),
};

int64_t hypercall_event_channel_op(uint64_t cmd, uint64_t arg, uint64_t, uint64_t, uint64_t)
{
    uint32_t port;
    if (unlikely((uint32_t)cmd != EVTCHNOP_send))
        return operation_do(event_ops, ARRAY_SIZE(event_ops), (uint32_t)cmd, current, arg);
    /* Nearly all calls are this one: without the general way of arguments. */
    return guest_read_u32(arg, &port) ? -EFAULT : event_send(current->domain, port);
}

/* The old form: the number in a structure before the argument (struct evtchn_op: u32 cmd, then the union at 8). */
int64_t hypercall_event_channel_op_compat(uint64_t arg, uint64_t, uint64_t, uint64_t, uint64_t)
{
    uint32_t cmd;
    if (guest_copy_in(&cmd, arg, sizeof(cmd)))
        return -EFAULT;
    return operation_do(event_ops, ARRAY_SIZE(event_ops), cmd, current, arg + offsetof(struct evtchn_op, u));
}
