/* SPDX-License-Identifier: MIT
 *
 * See events.h.  Delivery: the hypervisor sets the port's pending bit; when that port is not masked, the word's bit in
 * the vCPU's selector; and evtchn_upcall_pending.  Undo it in the opposite order, so that nothing is lost in between.
 */
#include "events.h"
#include "clock.h"
#include "guest.h"
#include "vcpu.h"

volatile unsigned event_count[EVENT_PORTS];
volatile unsigned upcalls;
static event_handler handlers[EVENT_PORTS];

void event_set_handler(unsigned port, event_handler handler)
{
    handlers[port] = handler;
}

struct vcpu_info *vcpu_info_of(unsigned vcpu)
{
    return &shared_info->vcpu_info[vcpu];
}

static void bit_set(unsigned long *words, unsigned bit)
{
    __atomic_or_fetch(&words[bit / 64], 1ul << bit % 64, __ATOMIC_SEQ_CST);
}

static void bit_clear(unsigned long *words, unsigned bit)
{
    __atomic_and_fetch(&words[bit / 64], ~(1ul << bit % 64), __ATOMIC_SEQ_CST);
}

static bool bit_test(const unsigned long *words, unsigned bit)
{
    return __atomic_load_n(&words[bit / 64], __ATOMIC_SEQ_CST) >> bit % 64 & 1;
}

void event_mask(unsigned port)
{
    bit_set(shared_info->evtchn_mask, port);
}
bool event_masked(unsigned port)
{
    return bit_test(shared_info->evtchn_mask, port);
}
bool event_pending(unsigned port)
{
    return bit_test(shared_info->evtchn_pending, port);
}
void event_clear(unsigned port)
{
    bit_clear(shared_info->evtchn_pending, port);
}
/* By hypercall, because only the hypervisor can raise without a race what became pending while masked. */
void event_unmask(unsigned port)
{
    event_unmask_call(port);
}

static void handle_port(unsigned port)
{
    event_clear(port);
    __atomic_add_fetch(&event_count[port], 1, __ATOMIC_SEQ_CST);
    if (handlers[port])
        handlers[port](port);
}

void events_upcall(void)
{
    struct vcpu_info *info = vcpu_info_of(vcpu_id());
    unsigned long words;

    __atomic_add_fetch(&upcalls, 1, __ATOMIC_SEQ_CST);
    do {
        info->evtchn_upcall_pending = 0;
        words = __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
        for (; words; words &= words - 1) {
            unsigned word = (unsigned)__builtin_ctzl(words);
            unsigned long ports = shared_info->evtchn_pending[word] & ~shared_info->evtchn_mask[word];

            for (; ports; ports &= ports - 1)
                handle_port(word * 64 + (unsigned)__builtin_ctzl(ports));
        }
    } while (__atomic_load_n(&info->evtchn_upcall_pending, __ATOMIC_SEQ_CST));
}

void events_on(void)
{
    struct vcpu_info *info = vcpu_info_of(vcpu_id());

    __atomic_store_n(&info->evtchn_upcall_mask, 0, __ATOMIC_SEQ_CST);
    if (info->evtchn_upcall_pending)
        hv_xen_version(XENVER_version, NULL); /* any hypercall returns through the event check */
}

void events_off(void)
{
    __atomic_store_n(&vcpu_info_of(vcpu_id())->evtchn_upcall_mask, 1, __ATOMIC_SEQ_CST);
}

void events_init(void)
{
    events_off();
    memset(shared_info->evtchn_mask, 0xff, sizeof shared_info->evtchn_mask);
}

long event_alloc_unbound(unsigned dom, unsigned remote)
{
    struct evtchn_alloc_unbound op = {.dom = (domid_t)dom, .remote_dom = (domid_t)remote};
    long ret = hv_event_channel_op(EVTCHNOP_alloc_unbound, &op);

    return ret ? ret : (long)op.port;
}

long event_bind_interdomain(unsigned dom, unsigned port)
{
    struct evtchn_bind_interdomain op = {.remote_dom = (domid_t)dom, .remote_port = port};
    long ret = hv_event_channel_op(EVTCHNOP_bind_interdomain, &op);

    return ret ? ret : (long)op.local_port;
}

long event_bind_virq(unsigned virq, unsigned vcpu)
{
    struct evtchn_bind_virq op = {.virq = virq, .vcpu = vcpu};
    long ret = hv_event_channel_op(EVTCHNOP_bind_virq, &op);

    return ret ? ret : (long)op.port;
}

long event_bind_ipi(unsigned vcpu)
{
    struct evtchn_bind_ipi op = {.vcpu = vcpu};
    long ret = hv_event_channel_op(EVTCHNOP_bind_ipi, &op);

    return ret ? ret : (long)op.port;
}

long event_send(unsigned port)
{
    struct evtchn_send op = {.port = port};

    return hv_event_channel_op(EVTCHNOP_send, &op);
}

long event_close(unsigned port)
{
    struct evtchn_close op = {.port = port};

    return hv_event_channel_op(EVTCHNOP_close, &op);
}

long event_unmask_call(unsigned port)
{
    struct evtchn_unmask op = {.port = port};

    return hv_event_channel_op(EVTCHNOP_unmask, &op);
}

long event_bind_vcpu(unsigned port, unsigned vcpu)
{
    struct evtchn_bind_vcpu op = {.port = port, .vcpu = vcpu};

    return hv_event_channel_op(EVTCHNOP_bind_vcpu, &op);
}

long event_status(unsigned port, struct evtchn_status *status)
{
    memset(status, 0, sizeof *status);
    status->dom = DOMID_SELF;
    status->port = port;
    return hv_event_channel_op(EVTCHNOP_status, status);
}

bool wait_for(const volatile unsigned *counter, unsigned value, unsigned milliseconds)
{
    uint64_t end = clock_ns() + milliseconds * 1000000ul;

    while (*counter < value) {
        events_on();
        hv_sched_op(SCHEDOP_yield, NULL);
        if (clock_ns() > end) {
            events_off();
            return *counter >= value;
        }
    }
    events_off();
    return true;
}
