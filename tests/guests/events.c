/* SPDX-License-Identifier: MIT
 *
 * Why: event channels are how everything reaches a domain; a lost or a doubled event hangs drivers.
 * Trick: the domain binds channels to itself, so both ends can be watched.
 * Expect: 2-level ABI semantics of pending, mask, selector and upcall; exact error numbers for misuse.
 *
 * A hypervisor may offer the FIFO ABI too; Haven does not (-ENOSYS), and the cases below accept both.
 */
#include "events.h"
#include "clock.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "vcpu.h"

GUEST("events");

static void interdomain(void)
{
    long p = event_alloc_unbound(DOMID_SELF, DOMID_SELF), q;
    struct evtchn_status status;

    check("alloc_unbound gives a port", p > 0);
    check_eq("status of it", event_status((unsigned)p, &status), 0);
    check_eq("status says unbound", status.status, EVTCHNSTAT_unbound);
    check_eq("status says for domain 0", status.u.unbound.dom, 0);
    check_eq("send on an unbound port is dropped", event_send((unsigned)p), 0);
    q = event_bind_interdomain(DOMID_SELF, (unsigned)p);
    check("bind_interdomain gives another port", q > 0 && q != p);
    check("bind_interdomain marks the new port pending", event_pending((unsigned)q));
    event_clear((unsigned)q);
    event_status((unsigned)p, &status);
    check_eq("status says interdomain", status.status, EVTCHNSTAT_interdomain);
    check_eq("status names the other port", status.u.interdomain.port, q);
    check_eq("status names domain 0", status.u.interdomain.dom, 0);
    check_eq("a bound port cannot be bound again", event_bind_interdomain(DOMID_SELF, (unsigned)p), -XEN_EINVAL);
    check_eq("send", event_send((unsigned)p), 0);
    check("the other end is pending", event_pending((unsigned)q) && !event_pending((unsigned)p));
    event_clear((unsigned)q);
    check_eq("send back", event_send((unsigned)q), 0);
    check("this end is pending", event_pending((unsigned)p) && !event_pending((unsigned)q));
    check_eq("close of the one end", event_close((unsigned)p), 0);
    event_status((unsigned)p, &status);
    check_eq("status says closed", status.status, EVTCHNSTAT_closed);
    check("close clears pending", !event_pending((unsigned)p));
    event_status((unsigned)q, &status);
    check_eq("the other end is unbound now", status.status, EVTCHNSTAT_unbound);
    check_eq("close twice", event_close((unsigned)p), -XEN_EINVAL);
    check_eq("send on a closed port", event_send((unsigned)p), -XEN_EINVAL);
    check_eq("close of the other end", event_close((unsigned)q), 0);
    check_eq("a freed port is used again", event_alloc_unbound(DOMID_SELF, DOMID_SELF), p < q ? p : q);
    event_close((unsigned)(p < q ? p : q));
}

static void delivery(void)
{
    unsigned port = (unsigned)event_bind_ipi(0), before;
    struct vcpu_info *info = vcpu_info_of(0);

    /* Masked port: pending only. */
    event_mask(port);
    info->evtchn_upcall_pending = 0;
    event_send(port);
    check("masked: pending", event_pending(port));
    check("masked: no upcall asked for", !info->evtchn_upcall_pending);
    /* unmask raises it, delivery is shut. */
    event_unmask_call(port);
    check("unmask call clears the mask", !event_masked(port));
    check("unmask call asks for the upcall", info->evtchn_upcall_pending);
    check("unmask call sets the selector", info->evtchn_pending_sel >> port / 64 & 1);
    check_eq("shut: not delivered", event_count[port], 0);
    events_on();
    check_eq("open: delivered once", event_count[port], 1);
    check("delivery masks, the handler's iret opens", info->evtchn_upcall_mask == 0);
    before = upcalls;
    event_send(port);
    check_eq("open: a send is delivered before the hypercall returns", event_count[port], 2);
    check_eq("by one upcall", upcalls - before, 1);
    events_off();
    event_send(port);
    event_send(port);
    check_eq("two sends while shut", event_count[port], 2);
    events_on();
    check_eq("are one event", event_count[port], 3);
    events_off();
    check_eq("unmask of an idle port", event_unmask_call(port), 0);
    check("asks for nothing", !info->evtchn_upcall_pending);
    event_close(port);
}

static void many_ports(void)
{
    unsigned ports[100], wrong = 0, before;

    for (unsigned i = 0; i < 100; i++) {
        ports[i] = (unsigned)event_bind_ipi(0);
        event_unmask(ports[i]);
        event_count[ports[i]] = 0;
    }
    events_off();
    for (unsigned i = 0; i < 100; i++)
        event_send(ports[i]);
    before = upcalls;
    events_on();
    events_off();
    for (unsigned i = 0; i < 100; i++)
        wrong += event_count[ports[i]] != 1;
    check_eq("100 ports in two words: each delivered once", wrong, 0);
    check_eq("in one upcall", upcalls - before, 1);
    for (unsigned i = 0; i < 100; i++)
        wrong += event_close(ports[i]) != 0;
    check_eq("100 closes", wrong, 0);
}

static void virqs(void)
{
    long port = event_bind_virq(VIRQ_TIMER, 0), console;
    struct evtchn_status status;

    check("bind_virq TIMER", port > 0);
    check_eq("twice is refused", event_bind_virq(VIRQ_TIMER, 0), -XEN_EEXIST);
    event_status((unsigned)port, &status);
    check("status says virq 0", status.status == EVTCHNSTAT_virq && status.u.virq == VIRQ_TIMER);
    check_eq("a timer virq does not move", event_bind_vcpu((unsigned)port, 0), -XEN_EINVAL);
    check_eq("send on a virq port", event_send((unsigned)port), -XEN_EINVAL);
    check_eq("close of it", event_close((unsigned)port), 0);
    port = event_bind_virq(VIRQ_TIMER, 0);
    check("bind after close", port > 0);
    event_close((unsigned)port);
    check_eq("no such virq", event_bind_virq(NR_VIRQS, 0), -XEN_EINVAL);
    check_eq("no such virq, large", event_bind_virq(0xffffffff, 0), -XEN_EINVAL);
    check_eq("no such vcpu", event_bind_virq(VIRQ_TIMER, 999), -XEN_ENOENT);
    console = event_bind_virq(VIRQ_CONSOLE, 0);
    check("bind_virq CONSOLE", console > 0);
    check_eq("a global virq may be bound to its vcpu", event_bind_vcpu((unsigned)console, 0), 0);
    event_close((unsigned)console);
}

static void ipis(void)
{
    long port = event_bind_ipi(0);
    struct evtchn_status status;

    check("bind_ipi", port > 0);
    event_status((unsigned)port, &status);
    check("status says ipi on vcpu 0", status.status == EVTCHNSTAT_ipi && status.vcpu == 0);
    check_eq("an ipi does not move", event_bind_vcpu((unsigned)port, 0), -XEN_EINVAL);
    check_eq("no such vcpu", event_bind_ipi(999), -XEN_ENOENT);
    event_close((unsigned)port);
}

static void bad_arguments(void)
{
    static const unsigned bad[] = {0, 4095, 4096, 131072, 0x7fffffff, 0xffffffff};
    struct evtchn_status status;
    struct evtchn_bind_pirq pirq = {.pirq = 100000};
    struct evtchn_reset reset = {.dom = 77};
    struct evtchn_init_control control = {.control_gfn = ~0ul, .offset = 1, .vcpu = 999};
    struct evtchn_set_priority priority = {.port = 1, .priority = 99};
    struct evtchn_expand_array expand = {.array_gfn = ~0ul};

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        check_eq(case_name("send on port %u", bad[i]), event_send(bad[i]), -XEN_EINVAL);
        check_eq(case_name("close of port %u", bad[i]), event_close(bad[i]), -XEN_EINVAL);
        check_eq(case_name("bind_vcpu of port %u", bad[i]), event_bind_vcpu(bad[i], 0), -XEN_EINVAL);
        check_one_of(case_name("unmask of port %u", bad[i]), event_unmask_call(bad[i]), -XEN_EINVAL,
                     bad[i] ? -XEN_EINVAL : 0); /* port 0 exists, though never open */
        check_eq(case_name("bind_interdomain to port %u", bad[i]), event_bind_interdomain(DOMID_SELF, bad[i]),
                 -XEN_EINVAL);
    }
    /* Past the last port in use there is -EINVAL; port 0 exists and is never open. */
    check_eq("status far out", event_status(200000, &status), -XEN_EINVAL);
    /* lsevtchn walks the ports from 0 until the first error. */
    check_eq("status of port 0", event_status(0, &status), 0);
    check_eq("is closed", status.status, EVTCHNSTAT_closed);
    status = (struct evtchn_status){.dom = 77, .port = 1};
    check_eq("status of no domain", hv_event_channel_op(EVTCHNOP_status, &status), -XEN_ESRCH);
    check_eq("alloc_unbound for no domain", event_alloc_unbound(77, DOMID_SELF), -XEN_ESRCH);
    check_eq("bind_interdomain to no domain", event_bind_interdomain(77, 1), -XEN_ESRCH);
    check_error("bind_pirq out of range", hv_event_channel_op(EVTCHNOP_bind_pirq, &pirq));
    check_eq("reset of no domain", hv_event_channel_op(EVTCHNOP_reset, &reset), -XEN_ESRCH);
    check_error("init_control with nonsense", hv_event_channel_op(EVTCHNOP_init_control, &control));
    check_error("expand_array without FIFO", hv_event_channel_op(EVTCHNOP_expand_array, &expand));
    check_error("set_priority without FIFO", hv_event_channel_op(EVTCHNOP_set_priority, &priority));
    check_eq("no such operation", hv_event_channel_op(99, &status), -XEN_ENOSYS);
}

static void polling(void)
{
    unsigned port = (unsigned)event_bind_ipi(0);
    evtchn_port_t list[2] = {port, 0}, far = 200000;
    struct sched_poll poll = {.nr_ports = 1, .timeout = clock_ns() + 500000000};
    uint64_t start;

    event_mask(port);
    set_xen_guest_handle(poll.ports, list);
    event_send(port);
    start = clock_ns();
    check_eq("poll of a pending port", hv_sched_op(SCHEDOP_poll, &poll), 0);
    check("returns at once", clock_ns() - start < 400000000);
    event_clear(port);
    start = clock_ns();
    poll.timeout = start + 10000000;
    check_eq("poll of an idle port", hv_sched_op(SCHEDOP_poll, &poll), 0);
    check("returns at the timeout", clock_ns() - start >= 9900000);
    poll.timeout = ~0ull; /* signed: long ago; a test without end tells that it is taken as far ahead */
    check_eq("poll with a negative timeout", hv_sched_op(SCHEDOP_poll, &poll), 0);
    poll.nr_ports = 129;
    check_eq("poll of too many ports", hv_sched_op(SCHEDOP_poll, &poll), -XEN_EINVAL);
    set_xen_guest_handle(poll.ports, &far);
    poll.nr_ports = 1;
    check_eq("poll of a port out of range", hv_sched_op(SCHEDOP_poll, &poll), -XEN_EINVAL);
    set_xen_guest_handle(poll.ports, (evtchn_port_t *)HYPERVISOR_START);
    check_error("poll with a bad list", hv_sched_op(SCHEDOP_poll, &poll));
    set_xen_guest_handle(poll.ports, list);
    poll.nr_ports = 0;
    poll.timeout = clock_ns() + 2000000;
    check_eq("poll of nothing is a sleep", hv_sched_op(SCHEDOP_poll, &poll), 0);
    event_close(port);
}

static void blocking(void)
{
    unsigned port;
    uint64_t start;

    /* It runs from the start; first, as a tick on the bound port would leave the upcall flag up. So does one that an
     * earlier case got while events were off: an upcall that finds no port takes the flag down. */
    hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    events_on();
    events_off();
    port = (unsigned)event_bind_virq(VIRQ_TIMER, 0);
    event_clear(port);
    event_unmask(port);
    event_count[port] = 0;
    events_off();
    start = clock_ns();
    hv_set_timer_op(start + 20000000);
    check_eq("block opens events and sleeps", hv_sched_op(SCHEDOP_block, NULL), 0);
    check("woken by the timer", clock_ns() - start >= 19900000);
    check_eq("which was delivered", event_count[port], 1);
    check_eq("events are open afterwards", vcpu_info_of(0)->evtchn_upcall_mask, 0);
    events_off();
    event_close(port);
    port = (unsigned)event_bind_ipi(0);
    event_unmask(port);
    event_send(port);
    start = clock_ns();
    hv_sched_op(SCHEDOP_block, NULL);
    check("block with an event pending does not sleep", clock_ns() - start < 500000000);
    check_eq("but delivers", event_count[port], 2);
    events_off();
    event_close(port);
}

/* While the callback is shut an event must wait for the iret that opens it, not for the next hypercall. */
static unsigned in_handler, nested_count;
static bool send_inside(struct trap_frame *frame)
{
    (void)frame;
    event_send(in_handler);
    nested_count = event_count[in_handler];
    return true;
}

static void iret_delivers(void)
{
    in_handler = (unsigned)event_bind_ipi(0);
    event_unmask(in_handler);
    event_count[in_handler] = 0;
    trap_set_handler(TRAP_BP, send_inside);
    events_on();
    asm volatile("int3");
    events_off();
    trap_set_handler(TRAP_BP, NULL);
    check_eq("a trap handler with flag 4 is not interrupted", nested_count, 0);
    check_eq("its iret delivers", event_count[in_handler], 1);
    event_close(in_handler);
}

static void reset_all(void)
{
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    long p = event_alloc_unbound(DOMID_SELF, DOMID_SELF), q = event_bind_ipi(0);
    struct evtchn_status status;

    check_eq("reset", hv_event_channel_op(EVTCHNOP_reset, &reset), 0);
    event_status((unsigned)p, &status);
    check_eq("reset closed the one", status.status, EVTCHNSTAT_closed);
    event_status((unsigned)q, &status);
    check_eq("reset closed the other", status.status, EVTCHNSTAT_closed);
    check("ports can be had again", event_bind_ipi(0) > 0);
}

void guest_main(void)
{
    interdomain();
    delivery();
    many_ports();
    virqs();
    ipis();
    bad_arguments();
    polling();
    blocking();
    iret_delivers();
    reset_all();
}
