/* SPDX-License-Identifier: MIT
 *
 * Why: a guest that takes all it can get must meet a limit, not take the machine down.
 * Trick: ports, memory, grant mappings, pins, tables and timers, each until the hypervisor says no (or a bound of
 * ours). Expect: an error at the limit, everything given back can be had again, and the hypervisor alive.
 */
#include "clock.h"
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "vcpu.h"

GUEST("hostile_exhaust");

static void ports(void)
{
    unsigned first_count = 0, second_count = 0;
    static uint16_t got[EVENT_PORTS];

    for (unsigned pass = 0; pass < 2; pass++) {
        unsigned n = 0;
        long port = 0;

        while (n < EVENT_PORTS) {
            port = n % 3 == 0   ? event_bind_ipi(0)
                   : n % 3 == 1 ? event_alloc_unbound(DOMID_SELF, DOMID_SELF)
                                : event_alloc_unbound(DOMID_SELF, 55);
            if (port < 0)
                break;
            got[n++] = (uint16_t)port;
        }
        check_eq("ports end with -ENOSPC", port, -XEN_ENOSPC);
        check_range("ports before that", n, 1000, 4095);
        if (n)
            event_send(got[0]);
        for (unsigned i = 0; i < n; i++)
            if (event_close(got[i]))
                case_failed("close", "port %u", got[i]);
        if (pass)
            second_count = n;
        else
            first_count = n;
    }
    check_eq("as many the second time", second_count, first_count);
    check_alive("ports");
}

static long populate(uint64_t pfn, unsigned count, unsigned order, xen_pfn_t *list)
{
    struct xen_memory_reservation r = {.nr_extents = count, .extent_order = order, .domid = DOMID_SELF};

    for (unsigned i = 0; i < count; i++)
        list[i] = pfn + ((uint64_t)i << order);
    set_xen_guest_handle(r.extent_start, list);
    return hv_memory_op(XENMEM_populate_physmap, &r);
}

static long release(unsigned count, unsigned order, xen_pfn_t *list)
{
    struct xen_memory_reservation r = {.nr_extents = count, .extent_order = order, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, list);
    return hv_memory_op(XENMEM_decrease_reservation, &r);
}

static xen_pfn_t extents[4096];

static void memory(void)
{
    static const unsigned orders[] = {9, 4, 0};
    domid_t self = DOMID_SELF;
    long before = hv_memory_op(XENMEM_current_reservation, &self), got[3];
    uint64_t pfn = start_info->nr_pages + 4096;
    xen_pfn_t *list = extents;

    for (unsigned i = 0; i < 3; i++) {
        long room = extents + ARRAY_SIZE(extents) - list;

        got[i] = 0;
        while (got[i] < room) {
            long n = populate(pfn, 1, orders[i], list + got[i]);

            if (n != 1)
                break;
            pfn += 1ul << orders[i];
            got[i]++;
        }
        list += got[i];
    }
    report_note("took %ld extents of order 9, %ld of order 4, %ld of order 0", got[0], got[1], got[2]);
    check("memory ends (or the bound of this test)", got[0] < 4096);
    check("the machine had more than this domain", got[0] > 8);
    check_alive("no memory left");
    /* Without memory, other things fail cleanly. */
    check_range("map one more page", scratch_set(1, pte_make(mfn_of(extents), PTE_RO)), -4095, 0);
    check_range("bind a port", event_bind_ipi(0), -4095, 4095);
    check_range("a vcpu", hv_vcpu_op(VCPUOP_is_up, 0, NULL), 0, 1);
    list = extents;
    for (unsigned i = 0; i < 3; i++) {
        for (long k = 0; k < got[i]; k++)
            if (release(1, orders[i], list + k) != 1)
                case_failed("give back", "extent %ld of order %u", k, orders[i]);
        list += got[i];
    }
    check_eq("all given back", hv_memory_op(XENMEM_current_reservation, &self), before);
    check_eq("and can be had again", populate(start_info->nr_pages + 4096, 1, 9, extents), 1);
    check_eq("given back", release(1, 9, extents), 1);
}

/* Xen counts the mappings of one grant in 8 bits; whatever the width, it may not wrap. */
static bool over_pinned(grant_entry_v1_t *table, const void *page)
{
    static uint32_t handles[1000];
    struct gnttab_map_grant_ref map;
    unsigned n = 0;
    bool held = true;

    for (; n < ARRAY_SIZE(handles); n++) {
        map = (struct gnttab_map_grant_ref){.flags = GNTMAP_device_map, .ref = 8, .dom = 0};
        if (hv_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) || map.status != GNTST_okay)
            break;
        handles[n] = map.handle;
    }
    for (unsigned i = 0; i < n; i++) {
        struct gnttab_unmap_grant_ref op = {.dev_bus_addr = mfn_of(page) << 12, .handle = handles[i]};

        held &= (table[8].flags & (GTF_reading | GTF_writing)) != 0; /* in use until the last one goes */
        hv_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1);
        held &= op.status == GNTST_okay;
    }
    report_note("%u mappings of one grant", n);
    return held && n > 0;
}

static void grant_mappings(void)
{
    uint64_t frames[1], n = 0, limit = 40000;
    static uint32_t handles[40000];
    unsigned busy = 0;
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    struct gnttab_set_version version = {.version = 1};
    grant_entry_v1_t *table = scratch_va(2);
    uint64_t *page = page_alloc();
    struct gnttab_map_grant_ref map;

    set_xen_guest_handle(setup.frame_list, frames);
    hv_grant_table_op(GNTTABOP_set_version, &version, 1);
    hv_grant_table_op(GNTTABOP_setup_table, &setup, 1);
    scratch_set(2, pte_make(frames[0], PTE_KERNEL));
    for (unsigned ref = 8; ref < 512; ref++)
        table[ref] = (grant_entry_v1_t){.flags = GTF_permit_access, .domid = 0, .frame = (uint32_t)mfn_of(page)};
    for (; n < limit; n++) {
        map = (struct gnttab_map_grant_ref){.flags = GNTMAP_device_map, .ref = (uint32_t)(8 + n / 100), .dom = 0};
        if (hv_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) || map.status != GNTST_okay)
            break;
        handles[n] = map.handle;
    }
    report_note("%lu mappings of one page by grants, last status %d", n, map.status);
    check("very many mappings of one page", n >= 1000);
    check_alive("grant mappings");
    for (uint64_t i = 0; i < n; i++) {
        struct gnttab_unmap_grant_ref op = {.dev_bus_addr = mfn_of(page) << 12, .handle = handles[i]};

        if (hv_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1) || op.status) {
            case_failed("unmap", "handle %u: %d", handles[i], op.status);
            break;
        }
    }
    check("more mappings of one grant than it can count are refused", over_pinned(table, page));
    for (unsigned ref = 8; ref < 512; ref++) {
        busy += table[ref].flags != GTF_permit_access;
        table[ref].flags = 0;
    }
    check_eq("entries are free afterwards", busy, 0);
    page_readonly(page);
    check_eq("and the frame may be a table", pin(1, mfn_of(page)), 0);
    unpin(mfn_of(page));
    page_writable(page);
    page_free(page);
}

static void grant_frames(void)
{
    static xen_pfn_t frames[4096];
    struct gnttab_query_size query = {.dom = DOMID_SELF};
    struct gnttab_setup_table setup = {.dom = DOMID_SELF};

    hv_grant_table_op(GNTTABOP_query_size, &query, 1);
    set_xen_guest_handle(setup.frame_list, frames);
    setup.nr_frames = query.max_nr_frames;
    check_eq("the whole grant table", hv_grant_table_op(GNTTABOP_setup_table, &setup, 1) ?: setup.status, GNTST_okay);
    setup.nr_frames = query.max_nr_frames + 1;
    check("one frame more is refused", hv_grant_table_op(GNTTABOP_setup_table, &setup, 1) < 0 || setup.status < 0);
    check_alive("grant frames");
}

static void pins(void)
{
    static uint64_t *tables[3000];
    unsigned n = 0;
    long ret = 0;

    while (n < ARRAY_SIZE(tables) && pages_left() > 64) {
        tables[n] = table_new();
        table_seal(tables[n]);
        if (pin(1 + (int)(n % 3), mfn_of(tables[n])))
            break;
        n++;
    }
    check_range("pinned tables", n, 1000, 3000);
    for (unsigned i = 0; i < n; i++) {
        ret |= unpin(mfn_of(tables[i])) | page_writable(tables[i]);
        page_free(tables[i]);
    }
    check_eq("all taken down", ret, 0);
}

static void timers_and_noise(void)
{
    struct vcpu_set_singleshot_timer shot = {0};
    unsigned port = (unsigned)event_bind_virq(VIRQ_TIMER, 0);
    uint64_t end = clock_ns() + 300000000;

    event_unmask(port);
    events_on();
    while (clock_ns() < end) {
        shot.timeout_abs_ns = clock_ns() + 1;
        hv_vcpu_op(VCPUOP_set_singleshot_timer, 0, &shot);
        hv_set_timer_op(clock_ns() + 1);
    }
    events_off();
    event_close(port);
    check("a storm of timers", event_count[port] > 10);
    check_alive("a storm of timers");
}

static void long_multicall(void)
{
    static multicall_entry_t calls[2000];
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_ALL};

    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
        calls[i] = (multicall_entry_t){.op = __HYPERVISOR_mmuext_op, .args = {(uint64_t)&op, 1, 0, DOMID_SELF}};
    check_eq("2000 flushes in one multicall", hv_multicall(calls, ARRAY_SIZE(calls)), 0);
    check_range("a multicall of 4 billion entries", hv_multicall(calls, 0xffffffff), -4095, 0);
    check_alive("a long multicall");
}

void guest_main(void)
{
    hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    ports();
    memory();
    grant_mappings();
    grant_frames();
    pins();
    timers_and_noise();
    long_multicall();
}
