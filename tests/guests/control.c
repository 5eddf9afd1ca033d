/* SPDX-License-Identifier: MIT
 *
 * Why: dom0 makes, watches and ends other domains through the control interface.  Trick: this guest, in dom0's place,
 * builds child domains of sixteen pages from scratch and lets them run a few instructions that leave traces in memory.
 * Expect: each step takes effect, is visible where it should be, and once all is over not a page is missing.
 */
#include "control.h"
#include "clock.h"
#include "events.h"
#include "memory.h"
#include "traps.h"
#include "vcpu.h"

GUEST("control");

/* Counts in its own word of the first data page, for ever. */
CHILD_CODE("count", "1: incq (%rsi, %rdi, 8)\n jmp 1b");
/* Leaves a mark, then SCHEDOP_shutdown with reason 2 (suspend); counts if it goes on after that. */
CHILD_CODE("suspend",
           "movq $0x1234, (%rsi)\n movl $2, 8(%rsi)\n mov $29, %eax\n mov $2, %edi\n lea 8(%rsi), %rsi\n syscall\n"
           "1: incq 8(%rsi)\n jmp 1b");
CHILD_CODE("fault", "ud2");
CHILD_CODE("block",
           "1: incq (%rsi)\n mov $29, %eax\n mov $1, %edi\n push %rsi\n xor %esi, %esi\n syscall\n pop %rsi\n jmp 1b");
CHILD_CODE_DECLARE(count);
CHILD_CODE_DECLARE(suspend);
CHILD_CODE_DECLARE(fault);
CHILD_CODE_DECLARE(block);

#define BUILD(c, name) child_build((c), child_##name, child_##name##_end)
#define WATCH          1 /* scratch address of a child's data page */

static volatile uint64_t *watch(const struct child *c)
{
    return child_map(WATCH, c->id, c->mfn[CHILD_DATA], PTE_RO);
}

/* Does it change within that time: long enough for a busy machine, or short where nothing is to be expected. */
static bool rises_within(volatile uint64_t *word, unsigned milliseconds)
{
    uint64_t before = *word;

    for (uint64_t end = clock_ns() + milliseconds * 1000000ul; *word == before && clock_ns() < end;)
        vcpu_relax();
    return *word != before;
}

static bool rises(volatile uint64_t *word)
{
    return rises_within(word, 5000);
}

static bool stands(volatile uint64_t *word)
{
    return !rises_within(word, 20);
}

static long simple(unsigned cmd, uint16_t id)
{
    struct xen_domctl op = {0};

    return domctl(cmd, id, &op);
}

static uint32_t flags_of(uint16_t id)
{
    struct xen_domctl_getdomaininfo info;

    return domain_info(id, &info) ? info.flags : ~0u;
}

static void new_domain(void)
{
    struct xen_domctl_getdomaininfo info = {0};
    struct child a, b;

    child_create(&a, 2);
    child_create(&b, 1);
    check("two domains, two numbers", a.id != b.id && a.id && b.id);
    check("it is described", domain_info(a.id, &info));
    check_eq("no memory yet", (long)info.tot_pages, 0);
    check_eq("none allowed", (long)info.max_pages, 0);
    check_eq("highest vCPU", info.max_vcpu_id, 1);
    check_eq("none online", info.nr_online_vcpus, 0);
    check_hex("paused, nothing else", info.flags & 0xffff, XEN_DOMINF_paused);
    check_hex("no shutdown code", info.flags >> XEN_DOMINF_shutdownshift & 0xff, 0xff);
    check_eq("it may have no memory", memory_of(XENMEM_populate_physmap, a.id, a.mfn, 1, 0), 0);
    check_eq("its number is taken", simple(XEN_DOMCTL_createdomain, a.id), -XEN_EEXIST);
    check_eq("destroy", child_destroy(&a), 0);
    check_eq("destroy the other", child_destroy(&b), 0);
    check("both are gone", wait_gone(a.id, 5000) && wait_gone(b.id, 5000));
    check_eq("a domain that is gone", simple(XEN_DOMCTL_pausedomain, a.id), -XEN_ESRCH);
}

static void memory_limits(void)
{
    struct xen_domctl op = {.u.max_mem.max_memkb = 8 * 4};
    struct xen_domctl_getdomaininfo info = {0};
    struct xen_memory_reservation claim = {.nr_extents = 6};
    xen_pfn_t list[16];
    struct child c;

    child_create(&c, 1);
    claim.domid = c.id;
    check_eq("allow 8 pages", domctl(XEN_DOMCTL_max_mem, c.id, &op), 0);
    check_eq("claim 6", hv_memory_op(XENMEM_claim_pages, &claim), 0);
    check("seen", domain_info(c.id, &info) && info.outstanding_pages == 6 && info.max_pages == 8);
    claim.nr_extents = 9;
    check_error("claim more than allowed", hv_memory_op(XENMEM_claim_pages, &claim));
    for (unsigned i = 0; i < 16; i++)
        list[i] = i;
    check_eq("16 pages: 8 come", memory_of(XENMEM_populate_physmap, c.id, list, 16, 0), 8);
    check("the claim is used up", domain_info(c.id, &info) && !info.outstanding_pages && info.tot_pages == 8);
    check_eq("the table names them", (long)pfn_of_mfn(list[5]), 5);
    check_eq("its reservation", hv_memory_op(XENMEM_current_reservation, &c.id), 8);
    check_eq("and its limit", hv_memory_op(XENMEM_maximum_reservation, &c.id), 8);
    check_eq("take two away", memory_of(XENMEM_decrease_reservation, c.id, list, 2, 0), 2);
    check_eq("six left", hv_memory_op(XENMEM_current_reservation, &c.id), 6);
    check_eq("one of its own twice", memory_of(XENMEM_decrease_reservation, c.id, list, 1, 0), 0);
    check_eq("destroy", child_destroy(&c), 0);
    check("gone", wait_gone(c.id, 5000));
}

static void runs_and_stops(unsigned vcpus)
{
    struct xen_domctl_getdomaininfo info = {0};
    static struct vcpu_guest_context context;
    struct xen_domctl op = {0};
    volatile uint64_t *word;
    struct child c;

    child_create(&c, vcpus);
    child_populate(&c);
    BUILD(&c, count);
    word = watch(&c);
    check_eq(case_name("%u vCPUs do not run while paused", vcpus), (long)*word, 0);
    child_start(&c);
    for (unsigned i = 0; i < vcpus; i++)
        check(case_name("vCPU %u counts", i), rises(&word[i]));
    check("runs, is not paused", domain_info(c.id, &info) && !(info.flags & XEN_DOMINF_paused));
    check_eq("online", info.nr_online_vcpus, vcpus);
    check("has used time", info.cpu_time > 0);
    check_eq("pause", simple(XEN_DOMCTL_pausedomain, c.id), 0);
    check("stands still", stands(&word[0]));
    check_hex("is paused", flags_of(c.id) & XEN_DOMINF_paused, XEN_DOMINF_paused);
    check_eq("pause again", simple(XEN_DOMCTL_pausedomain, c.id), 0);
    check_eq("unpause once", simple(XEN_DOMCTL_unpausedomain, c.id), 0);
    check("still stands", stands(&word[0]));
    set_xen_guest_handle(op.u.vcpucontext.ctxt, &context);
    check_eq("getvcpucontext", domctl(XEN_DOMCTL_getvcpucontext, c.id, &op), 0);
    check("stands in its code", context.user_regs.rip / PAGE_SIZE == CHILD_BASE / PAGE_SIZE + CHILD_CODE_PAGE);
    check_hex("its table", context.ctrlreg[3], c.mfn[CHILD_L4] << 12);
    check_hex("its registers", context.user_regs.rsi, CHILD_BASE + CHILD_DATA * PAGE_SIZE);
    check_eq("unpause", simple(XEN_DOMCTL_unpausedomain, c.id), 0);
    check("goes on", rises(&word[0]));
    check_error("unpause too often", simple(XEN_DOMCTL_unpausedomain, c.id));
    check_eq("destroy while it runs", child_destroy(&c), 0);
    check("one page is still mapped: dying", flags_of(c.id) & XEN_DOMINF_dying);
    check("that one is left", domain_info(c.id, &info) && info.tot_pages == 1);
    check_eq("destroy again", child_destroy(&c), 0);
    check("its contents too", word[0] != 0);
    child_unmap(WATCH);
    check("unmapped: gone", wait_gone(c.id, 5000));
}

/* Another CPU may show the domain's new state before it sends the event. */
static bool comes(unsigned port)
{
    for (uint64_t end = clock_ns() + 5000000000ull; !event_pending(port) && clock_ns() < end;)
        hv_sched_op(SCHEDOP_yield, NULL);
    return event_pending(port);
}

static void suspends_and_resumes(void)
{
    long port = event_bind_virq(VIRQ_DOM_EXC, 0);
    volatile uint64_t *word;
    struct child c;
    unsigned code = ~0u;

    check_range("bind VIRQ_DOM_EXC", port, 1, 4095);
    child_create(&c, 1);
    child_populate(&c);
    BUILD(&c, suspend);
    word = watch(&c);
    event_clear((unsigned)port);
    child_start(&c);
    check("shuts down", wait_shut_down(c.id, 5000, &code));
    check_eq("to be suspended", code, SHUTDOWN_suspend);
    check_hex("left its mark", word[0], 0x1234);
    check("dom0 is told", comes((unsigned)port));
    check_eq("resume", simple(XEN_DOMCTL_resumedomain, c.id), 0);
    check("goes on behind the hypercall", rises(&word[2]));
    check("is not shut down any more", !(flags_of(c.id) & XEN_DOMINF_shutdown));
    event_clear((unsigned)port);
    child_unmap(WATCH);
    check_eq("destroy", child_destroy(&c), 0);
    check("gone", wait_gone(c.id, 5000));
    check("dom0 is told", comes((unsigned)port));
    event_close((unsigned)port);
}

static void crashes(void)
{
    struct sched_remote_shutdown remote = {.reason = SHUTDOWN_reboot};
    unsigned code = ~0u;
    struct child c;

    child_create(&c, 1);
    child_populate(&c);
    BUILD(&c, fault);
    child_start(&c);
    check("a fault without a handler ends it", wait_shut_down(c.id, 5000, &code));
    check_eq("by a crash", code, SHUTDOWN_crash);
    check_eq("destroy", child_destroy(&c), 0);
    check("gone", wait_gone(c.id, 5000));

    child_create(&c, 2);
    child_populate(&c);
    BUILD(&c, count);
    child_start(&c);
    remote.domain_id = c.id;
    check_eq("remote_shutdown", hv_sched_op(SCHEDOP_remote_shutdown, &remote), 0);
    check("ends it", wait_shut_down(c.id, 5000, &code));
    check_eq("with that code", code, SHUTDOWN_reboot);
    check_eq("destroy", child_destroy(&c), 0);
    check("gone", wait_gone(c.id, 5000));
}

static void vcpu_info_of_child(void)
{
    struct xen_domctl op = {0};
    volatile uint64_t *word;
    uint64_t mask = 1;
    struct child c;

    child_create(&c, 1);
    child_populate(&c);
    BUILD(&c, block);
    word = watch(&c);
    child_start(&c);
    check("runs until it blocks", *word == 1 || rises(word));
    check("and then does not", stands(word));
    check_eq("getvcpuinfo", domctl(XEN_DOMCTL_getvcpuinfo, c.id, &op), 0);
    check("online, blocked, off its CPU",
          op.u.getvcpuinfo.online && op.u.getvcpuinfo.blocked && !op.u.getvcpuinfo.running);
    check_hex("so says the domain", flags_of(c.id) & (XEN_DOMINF_blocked | XEN_DOMINF_running), XEN_DOMINF_blocked);

    op = (struct xen_domctl){.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD};
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, (uint8_t *)&mask);
    op.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
    check_eq("pin to CPU 0", domctl(XEN_DOMCTL_setvcpuaffinity, c.id, &op), 0);
    mask = 0;
    check_eq("getvcpuaffinity", domctl(XEN_DOMCTL_getvcpuaffinity, c.id, &op), 0);
    check_hex("is CPU 0", mask, 1);
    mask = 0;
    check_eq("to no CPU", domctl(XEN_DOMCTL_setvcpuaffinity, c.id, &op), -XEN_EINVAL);

    op = (struct xen_domctl){0};
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    op.u.scheduler_op.u.credit2.weight = 512;
    op.u.scheduler_op.u.credit2.cap = 50;
    check_eq("weight and cap", domctl(XEN_DOMCTL_scheduler_op, c.id, &op), 0);
    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    op.u.scheduler_op.u.credit2.weight = op.u.scheduler_op.u.credit2.cap = 0;
    check_eq("read them", domctl(XEN_DOMCTL_scheduler_op, c.id, &op), 0);
    check("are these", op.u.scheduler_op.u.credit2.weight == 512 && op.u.scheduler_op.u.credit2.cap == 50);
    child_unmap(WATCH);
    check_eq("destroy", child_destroy(&c), 0);
    check("gone", wait_gone(c.id, 5000));
}

static bool comes_to(uint16_t id, uint32_t vcpu, uint32_t cpu)
{
    for (uint64_t end = clock_ns() + 5000000000ul; clock_ns() < end; vcpu_relax()) {
        struct xen_domctl op = {.u.getvcpuinfo.vcpu = vcpu};

        if (!domctl(XEN_DOMCTL_getvcpuinfo, id, &op) && op.u.getvcpuinfo.cpu == cpu)
            return true;
    }
    return false;
}

/* From CPU to CPU while it runs; there is nowhere to go where there is one CPU only. */
static void moves(void)
{
    struct xen_sysctl machine = {0};
    struct xen_domctl op = {.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD};
    unsigned elsewhere = 0, stuck = 0;
    volatile uint64_t *word;
    uint64_t mask;
    struct child c;

    if (sysctl(XEN_SYSCTL_physinfo, &machine) || machine.u.physinfo.nr_cpus < 2)
        return;
    child_create(&c, 2);
    child_populate(&c);
    BUILD(&c, count);
    word = watch(&c);
    child_start(&c);
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, (uint8_t *)&mask);
    op.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
    for (unsigned i = 0; i < 40; i++) {
        op.u.vcpuaffinity.vcpu = i % 2;
        mask = 1ul << (i / 2 % 2);
        if (domctl(XEN_DOMCTL_setvcpuaffinity, c.id, &op) || !comes_to(c.id, i % 2, i / 2 % 2))
            elsewhere++;
        stuck += !rises(&word[i % 2]);
    }
    check_eq("times that it ran elsewhere than it should", elsewhere, 0);
    check_eq("times that it stood", stuck, 0);
    child_unmap(WATCH);
    check_eq("destroy", child_destroy(&c), 0);
    check("gone", wait_gone(c.id, 5000));
}

static void page_kinds(void)
{
    struct xen_domctl op = {.u.getpageframeinfo3.num = 6};
    xen_pfn_t list[6];
    struct child c;

    child_create(&c, 1);
    child_populate(&c);
    BUILD(&c, count);
    for (unsigned i = 0; i < 5; i++)
        list[i] = c.mfn[i];
    list[5] = 0xffffffffffful;
    set_xen_guest_handle(op.u.getpageframeinfo3.array, list);
    check_eq("getpageframeinfo3", domctl(XEN_DOMCTL_getpageframeinfo3, c.id, &op), 0);
    check_hex("L4, pinned", list[0], XEN_DOMCTL_PFINFO_L4TAB | XEN_DOMCTL_PFINFO_LPINTAB);
    check_hex("L3", list[1], XEN_DOMCTL_PFINFO_L3TAB);
    check_hex("L2", list[2], XEN_DOMCTL_PFINFO_L2TAB);
    check_hex("L1", list[3], XEN_DOMCTL_PFINFO_L1TAB);
    check_hex("memory", list[4], XEN_DOMCTL_PFINFO_NOTAB);
    check_hex("no frame", list[5], XEN_DOMCTL_PFINFO_XTAB);
    check_error("a table cannot be mapped writable", mmu_update_one(machine_of(scratch_entry(2)) | MMU_NORMAL_PT_UPDATE,
                                                                    pte_make(c.mfn[CHILD_L1], PTE_KERNEL), c.id));
    child_map(2, c.id, c.mfn[CHILD_L1], PTE_RO);
    check_eq("destroy with a table mapped", child_destroy(&c), 0);
    check("waits", flags_of(c.id) & XEN_DOMINF_dying);
    child_unmap(2);
    check("gone", wait_gone(c.id, 5000));
}

static void grants_and_events(void)
{
    struct gnttab_map_grant_ref map = {.host_addr = (uint64_t)scratch_va(3), .flags = GNTMAP_host_map, .ref = 9};
    struct gnttab_unmap_grant_ref unmap = {.host_addr = (uint64_t)scratch_va(3)};
    struct xen_mem_acquire_resource table = {.type = XENMEM_resource_grant_table, .nr_frames = 1};
    struct evtchn_alloc_unbound unbound = {.remote_dom = 0};
    struct evtchn_status status = {0};
    xen_pfn_t frame = 0;
    struct child c;
    long port;

    child_create(&c, 1);
    child_populate(&c);
    BUILD(&c, count);
    table.domid = c.id;
    set_xen_guest_handle(table.frame_list, &frame);
    check_eq("acquire its grant table", hv_memory_op(XENMEM_acquire_resource, &table), 0);
    grant_entry_v1_t *entry = (grant_entry_v1_t *)child_map(2, c.id, frame, PTE_KERNEL) + 9;
    entry->frame = (uint32_t)c.mfn[CHILD_DATA + 1];
    entry->domid = 0;
    barrier();
    entry->flags = GTF_permit_access;
    child_unmap(2);
    unbound.dom = c.id;
    check_eq("a port of its for us", hv_event_channel_op(EVTCHNOP_alloc_unbound, &unbound), 0);
    port = event_bind_interdomain(c.id, unbound.port);
    check_range("bind it", port, 1, 4095);
    status.dom = c.id;
    status.port = unbound.port;
    check_eq("its status", hv_event_channel_op(EVTCHNOP_status, &status), 0);
    check_eq("is interdomain", status.status, EVTCHNSTAT_interdomain);
    map.dom = c.id;
    hv_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
    check_eq("map its grant", map.status, GNTST_okay);
    check_eq("destroy", child_destroy(&c), 0);
    check("the mapping keeps it", flags_of(c.id) & XEN_DOMINF_dying);
    status = (struct evtchn_status){.dom = DOMID_SELF, .port = (unsigned)port};
    check_eq("our end", hv_event_channel_op(EVTCHNOP_status, &status), 0);
    check_eq("is unbound again", status.status, EVTCHNSTAT_unbound);
    event_close((unsigned)port);
    *(volatile uint64_t *)scratch_va(3) = 1;
    unmap.handle = map.handle;
    hv_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
    check_eq("unmap", unmap.status, GNTST_okay);
    check("gone", wait_gone(c.id, 5000));
}

/* Pages come clean, whatever their last owner left in them. */
static void scrubbed(void)
{
    unsigned dirty = 0;
    struct child c;

    for (unsigned round = 0; round < 3; round++) {
        child_create(&c, 1);
        child_populate(&c);
        for (unsigned i = 0; i < CHILD_PAGES; i++) {
            uint64_t *page = child_map(0, c.id, c.mfn[i], PTE_KERNEL);
            dirty += page[0] || page[17] || page[511];
            page[0] = page[17] = page[511] = 0x5ec4e7;
            child_unmap(0);
        }
        child_destroy(&c);
        wait_gone(c.id, 5000);
    }
    check_eq("no secrets left in pages", dirty, 0);
}

/* A list of one leaf, without a feature that no child here uses. */
static bool set_policy(const struct child *c)
{
    xen_cpuid_leaf_t leaf = {.leaf = 0x80000007, .subleaf = XEN_CPUID_NO_SUBLEAF};
    struct xen_domctl op = {.u.cpu_policy.nr_leaves = 1};

    set_xen_guest_handle(op.u.cpu_policy.leaves, &leaf);
    return !domctl(XEN_DOMCTL_set_cpu_policy, c->id, &op);
}

/* On several CPUs Xen takes about half a second to end a domain: there, as many as the time allows. */
static void many_rounds(unsigned rounds)
{
    uint64_t before = free_pages(), end = on_haven() ? UINT64_MAX : clock_ns() + 20000000000ull;
    unsigned lost = 0;
    struct child c;

    for (unsigned i = 0; i < rounds && clock_ns() < end; i++) {
        child_create(&c, 1 + i % 2);
        child_populate(&c);
        lost += !set_policy(&c);
        if (i % 4 < 2)
            BUILD(&c, count);
        else
            BUILD(&c, block);
        if (i % 4)
            child_start(&c);
        if (i % 8 == 5)
            vcpu_relax();
        if (child_destroy(&c) || !wait_gone(c.id, 5000))
            lost++;
    }
    check_eq("domains that did not go", lost, 0);
    check_free_pages("free pages before and after", before);
}

static void all_cases(void)
{
    new_domain();
    memory_limits();
    runs_and_stops(1);
    runs_and_stops(2);
    suspends_and_resumes();
    crashes();
    vcpu_info_of_child();
    moves();
    page_kinds();
    grants_and_events();
    scrubbed();
}

void guest_main(void)
{
    uint64_t before;

    all_cases(); /* what the hypervisor keeps for later is taken once */
    before = free_pages();
    all_cases();
    check_free_pages("no page lost", before);
    many_rounds(200);
}
