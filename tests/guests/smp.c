/* SPDX-License-Identifier: MIT
 *
 * Why: several vCPUs share one address space; start, stop, wake-up and TLB shootdown between them must not lose
 * anything. Trick: vCPU 0 drives, the others run small jobs and count. Expect: needs at least two vCPUs (else skip).  A
 * remote CPU never keeps a translation that a flush has removed.
 */
#include "clock.h"
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "vcpu.h"

GUEST("smp");

#define ROUNDS 100

static unsigned vcpus;
static volatile unsigned ran[VCPU_MAX];
static volatile unsigned stop, ready;

static bool spin_until(const volatile unsigned *counter, unsigned value)
{
    uint64_t end = clock_ns() + 40000000000ul;

    while (*counter < value) {
        if (clock_ns() > end)
            return false;
        vcpu_relax();
    }
    return true;
}

static void count_job(unsigned vcpu)
{
    ran[vcpu] += vcpu_id() == vcpu ? 1 : 100;
}

static void bring_up(void)
{
    static struct vcpu_guest_context context;

    check_eq("up before initialise", hv_vcpu_op(VCPUOP_up, 1, NULL), -XEN_EINVAL);
    check_eq("is_up before", hv_vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    for (unsigned v = 1; v < vcpus; v++) {
        check_eq(case_name("start vcpu %u", v), vcpu_boot(v, count_job), 0);
        check(case_name("vcpu %u ran its job on its own stack", v), spin_until(&ran[v], 1) && ran[v] == 1);
        check(case_name("vcpu %u goes down", v), vcpu_wait_down(v, 20000));
    }
    vcpu_fill_context(1, &context);
    check_eq("initialise twice", hv_vcpu_op(VCPUOP_initialise, 1, &context), -XEN_EEXIST);
    check_eq("down and up again", vcpu_boot(1, count_job), 0);
    check("ran again", spin_until(&ran[1], 2));
    vcpu_wait_down(1, 20000);
    check_eq("initialise of no vcpu", hv_vcpu_op(VCPUOP_initialise, vcpus, &context), -XEN_ENOENT);
    check_eq("initialise with a bad pointer", hv_vcpu_op(VCPUOP_initialise, vcpus - 1, scratch_va(0)), -XEN_EFAULT);
}

static void bad_contexts(void)
{
    static struct vcpu_guest_context context;

    /* Only of use before the first initialise, so on the last vCPU, which bring_up leaves alone in this order. */
    vcpu_fill_context(vcpus - 1, &context);
    context.ctrlreg[3] = mfn_of((void *)(uintptr_t)&context) << 12;
    check_error("initialise with a CR3 that is no table", hv_vcpu_op(VCPUOP_initialise, vcpus - 1, &context));
    context.ctrlreg[3] = 0xfffffffffff000ul;
    check_error("initialise with a CR3 in no frame", hv_vcpu_op(VCPUOP_initialise, vcpus - 1, &context));
    vcpu_fill_context(vcpus - 1, &context);
    context.event_callback_eip = 0x8000000000000000ul;
    check_error("initialise with a non-canonical callback", hv_vcpu_op(VCPUOP_initialise, vcpus - 1, &context));
    vcpu_fill_context(vcpus - 1, &context);
    context.gdt_ents = 512;
    context.gdt_frames[0] = mfn_of(kernel_l4);
    check_error("initialise with a table as GDT", hv_vcpu_op(VCPUOP_initialise, vcpus - 1, &context));
    check_alive("bad contexts");
}

/* ---- IPIs and remote events ---- */
static unsigned to_one, to_zero;

static void answer(unsigned port)
{
    (void)port;
    event_send(to_zero);
}

static void ipi_job(unsigned vcpu)
{
    (void)vcpu;
    events_on();
    ready = 1;
    while (!stop)
        hv_sched_op(SCHEDOP_block, NULL);
    events_off();
}

static void ipis(void)
{
    stop = ready = 0;
    to_one = (unsigned)event_bind_ipi(1);
    to_zero = (unsigned)event_bind_ipi(0);
    event_set_handler(to_one, answer);
    event_unmask(to_one);
    event_unmask(to_zero);
    event_count[to_one] = event_count[to_zero] = 0;
    vcpu_boot(1, ipi_job);
    spin_until(&ready, 1);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        event_send(to_one);
        if (!wait_for(&event_count[to_zero], i, 5000)) {
            case_failed("rounds of IPI and answer", "lost in round %u", i);
            break;
        }
    }
    check_eq("rounds at vcpu 1", event_count[to_one], ROUNDS);
    check_eq("rounds at vcpu 0", event_count[to_zero], ROUNDS);
    stop = 1;
    event_send(to_one);
    check("blocked vcpu 1 wakes and ends", vcpu_wait_down(1, 20000));
    event_set_handler(to_one, NULL);
    event_close(to_one);
    event_close(to_zero);
}

static void moved_port(void)
{
    unsigned p = (unsigned)event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    unsigned q = (unsigned)event_bind_interdomain(DOMID_SELF, p);

    event_clear(q);
    stop = ready = 0;
    to_one = (unsigned)event_bind_ipi(1);
    event_unmask(to_one);
    check_eq("bind_vcpu to vcpu 1", event_bind_vcpu(q, 1), 0);
    event_unmask(q);
    event_count[q] = 0;
    vcpu_boot(1, ipi_job);
    spin_until(&ready, 1);
    vcpu_info_of(0)->evtchn_upcall_pending = 0;
    event_send(p);
    check("the event reaches vcpu 1", spin_until(&event_count[q], 1));
    check_eq("and not vcpu 0", vcpu_info_of(0)->evtchn_upcall_pending, 0);
    stop = 1;
    event_send(to_one);
    vcpu_wait_down(1, 20000);
    event_close(p);
    event_close(q);
    event_close(to_one);
}

/* ---- shootdown ---- */
static volatile uint64_t seen_value;
static volatile unsigned reads, faults;

static bool reader_fault(struct trap_frame *frame)
{
    if (vcpu_id() != 1)
        return false;
    faults++;
    frame->rip = frame->rbx;
    return true;
}

static void reader_job(unsigned vcpu)
{
    volatile uint64_t *at = scratch_va(0);
    uint64_t v = 0;

    (void)vcpu;
    while (!stop) {
        asm volatile("lea 1f(%%rip), %%rbx; movq (%1), %0; 1:" : "+r"(v) : "r"(at) : "rbx", "memory");
        seen_value = v;
        reads++;
    }
}

/* After the flush returned, two more reads by the other vCPU must show the new page. */
static bool shot(uint64_t want)
{
    unsigned from = reads;

    if (!spin_until(&reads, from + 2))
        return false;
    return seen_value == want;
}

static void shootdown_with(const char *name, unsigned kind)
{
    uint64_t *page[2] = {page_alloc(), page_alloc()}, mask = 2, wrong = 0;
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_MULTI, .arg1.linear_addr = (uint64_t)scratch_va(0)};
    unsigned was;

    *page[0] = 0xa0;
    *page[1] = 0xa1;
    scratch_set(0, pte_make(mfn_of(page[0]), PTE_KERNEL));
    mmuext(MMUEXT_TLB_FLUSH_ALL, 0);
    set_xen_guest_handle(op.arg2.vcpumask, &mask);
    for (unsigned i = 1; i <= 60; i++) {
        uint64_t pte = pte_make(mfn_of(page[i & 1]), PTE_KERNEL);

        if (kind == 0)
            hv_update_va_mapping(scratch_va(0), pte, UVMF_INVLPG | UVMF_ALL);
        else if (kind == 1)
            hv_update_va_mapping(scratch_va(0), pte, UVMF_INVLPG | (uint64_t)&mask);
        else
            pt_set(scratch_entry(0), pte);
        if (kind == 2)
            hv_mmuext_op(&op, 1, NULL, DOMID_SELF);
        else if (kind == 3)
            op.cmd = MMUEXT_INVLPG_MULTI, hv_mmuext_op(&op, 1, NULL, DOMID_SELF);
        else if (kind == 4)
            mmuext(MMUEXT_TLB_FLUSH_ALL, 0);
        else if (kind == 5)
            mmuext(MMUEXT_INVLPG_ALL, (uint64_t)scratch_va(0));
        wrong += !shot(0xa0 + (i & 1));
    }
    check_eq(name, (long)wrong, 0);
    was = faults;
    hv_update_va_mapping(scratch_va(0), 0, UVMF_INVLPG | UVMF_ALL);
    spin_until(&faults, was + 2);
    check(case_name("%s: after removal it faults", name), faults > was);
    page_free(page[0]);
    page_free(page[1]);
}

static void shootdown(void)
{
    uint64_t *page = page_alloc();

    *page = 1;
    scratch_set(0, pte_make(mfn_of(page), PTE_KERNEL));
    stop = 0;
    reads = faults = 0;
    trap_set_handler(TRAP_PF, reader_fault);
    vcpu_boot(1, reader_job);
    check("the reader reads", spin_until(&reads, 10));
    shootdown_with("update_va_mapping ALL", 0);
    shootdown_with("update_va_mapping with a mask", 1);
    shootdown_with("TLB_FLUSH_MULTI", 2);
    shootdown_with("INVLPG_MULTI", 3);
    shootdown_with("TLB_FLUSH_ALL", 4);
    shootdown_with("INVLPG_ALL", 5);
    stop = 1;
    check("the reader ends", vcpu_wait_down(1, 20000));
    trap_set_handler(TRAP_PF, NULL);
    page_free(page);
}

/* A frame that loses its last mapping may become a table at once: no vCPU may still write it through an old
 * translation. */
static volatile unsigned writing;
static void writer_job(unsigned vcpu)
{
    volatile uint64_t *at = scratch_va(1);

    (void)vcpu;
    writing = 1;
    while (!stop)
        asm volatile("lea 1f(%%rip), %%rbx; movq %1, (%0); 1:" : : "r"(at), "r"(0xffffffffffffful) : "rbx", "memory");
}

static void no_stale_writer(void)
{
    uint64_t *page = page_alloc(), wrong = 0;

    stop = writing = 0;
    trap_set_handler(TRAP_PF, reader_fault);
    scratch_set(1, pte_make(mfn_of(page), PTE_KERNEL));
    vcpu_boot(1, writer_job);
    spin_until(&writing, 1);
    for (unsigned i = 0; i < 20; i++) {
        long ret;

        scratch_set(1, pte_make(mfn_of(page), PTE_KERNEL));
        mmuext(MMUEXT_TLB_FLUSH_ALL, 0);
        for (unsigned k = 0; k < 10; k++)
            vcpu_relax();
        hv_update_va_mapping(scratch_va(1), 0, UVMF_NONE); /* no flush asked for: the hypervisor must see to it */
        memset(page, 0, PAGE_SIZE);
        page_readonly(page);
        ret = pin(1, mfn_of(page)); /* may be refused, if the writer got in between; then nothing is shown */
        for (unsigned k = 0; k < 10; k++)
            vcpu_relax();
        if (!ret)
            wrong += page[0] != 0, unpin(mfn_of(page));
        page_writable(page);
    }
    stop = 1;
    vcpu_wait_down(1, 20000);
    trap_set_handler(TRAP_PF, NULL);
    check_eq("no write by an old translation to a frame that became a table", (long)wrong, 0);
    scratch_set(1, 0);
}

/* ---- poll and kick ---- */
static void poll_job(unsigned vcpu)
{
    struct sched_poll poll = {.nr_ports = 1};
    evtchn_port_t port = to_one;

    (void)vcpu;
    set_xen_guest_handle(poll.ports, &port);
    ready = 1;
    hv_sched_op(SCHEDOP_poll, &poll); /* no timeout */
    ran[1] = 77;
}

static void poll_and_kick(void)
{
    to_one = (unsigned)event_bind_ipi(1);
    event_mask(to_one);
    event_clear(to_one);
    ready = ran[1] = 0;
    vcpu_boot(1, poll_job);
    spin_until(&ready, 1);
    for (unsigned k = 0; k < 100; k++)
        vcpu_relax();
    check_eq("poll without timeout waits", ran[1], 0);
    event_send(to_one);
    check("a kick on a masked port ends it", spin_until(&ran[1], 77));
    check("vcpu 1 ends", vcpu_wait_down(1, 20000));
    event_close(to_one);
}

/* ---- all at once ---- */
static volatile unsigned sum;
static void add_job(unsigned vcpu)
{
    (void)vcpu;
    for (unsigned i = 0; i < 2000; i++) {
        __atomic_add_fetch(&sum, 1, __ATOMIC_SEQ_CST);
        hv_xen_version(XENVER_version, NULL);
        if (i % 50 == 0)
            hv_sched_op(SCHEDOP_yield, NULL);
    }
}

static void parallel_updates(unsigned vcpu)
{
    uint64_t *page = vcpu_id() ? (uint64_t *)(void *)vcpu_stacks[vcpu] : NULL;

    for (unsigned i = 0; i < 50; i++) {
        scratch_set(100 + vcpu, pte_make(mfn_of(page), PTE_RO));
        if (*(volatile unsigned *)scratch_va(100 + vcpu) != vcpu)
            __atomic_add_fetch(&faults, 1, __ATOMIC_SEQ_CST);
        scratch_set(100 + vcpu, 0);
        mmuext(MMUEXT_TLB_FLUSH_ALL, 0);
    }
    __atomic_add_fetch(&sum, 1, __ATOMIC_SEQ_CST);
}

static void together(void)
{
    sum = faults = 0;
    for (unsigned v = 1; v < vcpus; v++)
        vcpu_boot(v, add_job);
    add_job(0);
    check("all vcpus make hypercalls at once", spin_until(&sum, 2000 * vcpus) && sum == 2000 * vcpus);
    for (unsigned v = 1; v < vcpus; v++)
        vcpu_wait_down(v, 20000);
    sum = 0;
    for (unsigned v = 1; v < vcpus; v++)
        vcpu_boot(v, parallel_updates);
    check("all vcpus change one table at once", spin_until(&sum, vcpus - 1));
    check_eq("each saw its own page", faults, 0);
    for (unsigned v = 1; v < vcpus; v++)
        check("vcpu ends", vcpu_wait_down(v, 20000));
}

/* A hypervisor that stops a vCPU to change its timer must not have two of them wait for each other. */
static void tick_job(unsigned vcpu)
{
    struct vcpu_set_periodic_timer timer = {.period_ns = 1000000000};

    for (unsigned i = 0; i < 2000; i++)
        hv_vcpu_op(VCPUOP_set_periodic_timer, !vcpu, &timer);
    hv_vcpu_op(VCPUOP_stop_periodic_timer, !vcpu, NULL);
    __atomic_add_fetch(&sum, 1, __ATOMIC_SEQ_CST);
}

static void mutual_timers(void)
{
    sum = 0;
    vcpu_boot(1, tick_job);
    tick_job(0);
    check("two vcpus set each other's periodic timers", spin_until(&sum, 2));
    check("vcpu 1 ends", vcpu_wait_down(1, 20000));
    hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
}

static void states(void)
{
    struct vcpu_runstate_info info;

    uint64_t end = clock_ns() + 2000000000ul;

    do { /* it says that it is down a moment before it has left the processor */
        check_eq("runstate of a vcpu that is down", hv_vcpu_op(VCPUOP_get_runstate_info, 1, &info), 0);
        vcpu_relax();
    } while (info.state != RUNSTATE_offline && clock_ns() < end);
    check_eq("is offline", info.state, RUNSTATE_offline);
    check_range("time pages of two vcpus agree to a second", (long)(clock_ns_of(1) - clock_ns()), -1000000000,
                1000000000);
}

void guest_main(void)
{
    vcpus = vcpu_count();
    if (vcpus < 2)
        report_skip("needs two vCPUs");
    report_note("%u vcpus", vcpus);
    bad_contexts();
    bring_up();
    ipis();
    moved_port();
    shootdown();
    no_stale_writer();
    poll_and_kick();
    together();
    mutual_timers();
    states();
}
