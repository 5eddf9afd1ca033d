/* SPDX-License-Identifier: MIT
 *
 * Why: every pointer in a hypercall is chosen by the guest; the hypervisor must not follow it where it should not go.
 * Trick: first a table of calls whose answer to a bad pointer is known; then a storm: every hypercall number and
 * sub-operation with every bad pointer in every argument place.
 * Expect: -EFAULT (or another error, where something else is checked first), nothing written through read-only or
 * partly mapped pages, nothing read out of the hypervisor, and the hypervisor alive.
 */
#include "clock.h"
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "user.h"
#include "vcpu.h"

GUEST("hostile_ptr");

static uint64_t bad[16];
static unsigned bad_count;
static uint8_t *edge;      /* a page with nothing behind it */
static uint8_t *read_only; /* a page of the pattern below */
static uint8_t *edge_home, *read_only_home;

static void set_up(void)
{
    edge_home = page_alloc();
    read_only_home = page_alloc();
    memset(edge_home, 0, PAGE_SIZE);
    memset(read_only_home, 0, PAGE_SIZE);
    edge = scratch_va(10);
    read_only = scratch_va(12);
    scratch_set(10, pte_make(mfn_of(edge_home), PTE_KERNEL));
    scratch_set(12, pte_make(mfn_of(read_only_home), PTE_RO));
    page_readonly(read_only_home);
    bad[bad_count++] = 0;
    bad[bad_count++] = 8;
    bad[bad_count++] = (uint64_t)scratch_va(14);
    bad[bad_count++] = (uint64_t)edge + PAGE_SIZE - 1;
    bad[bad_count++] = 0x0000800000000000ul;
    bad[bad_count++] = 0x00007ffffffffffcul;
    bad[bad_count++] = 0x8000000000000000ul;
    bad[bad_count++] = HYPERVISOR_START;
    bad[bad_count++] = HYPERVISOR_START - 4;
    bad[bad_count++] = 0xffff820000000000ul;
    bad[bad_count++] = 0xffff82d040200000ul;
    bad[bad_count++] = 0xffff830000000000ul;
    bad[bad_count++] = HYPERVISOR_END - 4;
    bad[bad_count++] = 0xfffffffffffffffcul;
    bad[bad_count++] = 0xfffffffffffffffful;
}

/* ---- calls with a known answer ---- */
enum place { SECOND, THIRD, FIRST };

static const struct {
    const char *name;
    unsigned nr, sub;
    enum place place;
    uint64_t other; /* the argument that is not the pointer */
} calls[] = {
    {"xen_version extraversion", __HYPERVISOR_xen_version, XENVER_extraversion, SECOND, 0},
    {"xen_version capabilities", __HYPERVISOR_xen_version, XENVER_capabilities, SECOND, 0},
    {"xen_version get_features", __HYPERVISOR_xen_version, XENVER_get_features, SECOND, 0},
    {"xen_version platform_parameters", __HYPERVISOR_xen_version, XENVER_platform_parameters, SECOND, 0},
    {"memory_op current_reservation", __HYPERVISOR_memory_op, XENMEM_current_reservation, SECOND, 0},
    {"memory_op exchange", __HYPERVISOR_memory_op, XENMEM_exchange, SECOND, 0},
    {"memory_op machine_memory_map", __HYPERVISOR_memory_op, XENMEM_machine_memory_map, SECOND, 0},
    {"memory_op machphys_mapping", __HYPERVISOR_memory_op, XENMEM_machphys_mapping, SECOND, 0},
    {"memory_op machphys_mfn_list", __HYPERVISOR_memory_op, XENMEM_machphys_mfn_list, SECOND, 0},
    {"memory_op add_to_physmap", __HYPERVISOR_memory_op, XENMEM_add_to_physmap, SECOND, 0},
    {"event_channel_op alloc_unbound", __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, SECOND, 0},
    {"event_channel_op bind_virq", __HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, SECOND, 0},
    {"event_channel_op send", __HYPERVISOR_event_channel_op, EVTCHNOP_send, SECOND, 0},
    {"event_channel_op status", __HYPERVISOR_event_channel_op, EVTCHNOP_status, SECOND, 0},
    {"event_channel_op close", __HYPERVISOR_event_channel_op, EVTCHNOP_close, SECOND, 0},
    {"event_channel_op reset", __HYPERVISOR_event_channel_op, EVTCHNOP_reset, SECOND, 0},
    {"sched_op poll", __HYPERVISOR_sched_op, SCHEDOP_poll, SECOND, 0},
    {"sched_op shutdown", __HYPERVISOR_sched_op, SCHEDOP_shutdown, SECOND, 0},
    {"callback_op register", __HYPERVISOR_callback_op, CALLBACKOP_register, SECOND, 0},
    {"physdev_op set_iopl", __HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, SECOND, 0},
    {"physdev_op eoi", __HYPERVISOR_physdev_op, PHYSDEVOP_eoi, SECOND, 0},
    {"physdev_op map_pirq", __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, SECOND, 0},
    {"physdev_op setup_gsi", __HYPERVISOR_physdev_op, PHYSDEVOP_setup_gsi, SECOND, 0},
    {"physdev_op apic_read", __HYPERVISOR_physdev_op, PHYSDEVOP_apic_read, SECOND, 0},
    {"grant_table_op map", __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, SECOND, 1},
    {"grant_table_op unmap", __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, SECOND, 1},
    {"grant_table_op copy", __HYPERVISOR_grant_table_op, GNTTABOP_copy, SECOND, 1},
    {"grant_table_op query_size", __HYPERVISOR_grant_table_op, GNTTABOP_query_size, SECOND, 1},
    {"grant_table_op setup_table", __HYPERVISOR_grant_table_op, GNTTABOP_setup_table, SECOND, 1},
    {"grant_table_op set_version", __HYPERVISOR_grant_table_op, GNTTABOP_set_version, SECOND, 1},
    {"vcpu_op initialise", __HYPERVISOR_vcpu_op, VCPUOP_initialise, THIRD, 0},
    {"vcpu_op get_runstate_info", __HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, THIRD, 0},
    {"vcpu_op set_singleshot_timer", __HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, THIRD, 0},
    {"vcpu_op set_periodic_timer", __HYPERVISOR_vcpu_op, VCPUOP_set_periodic_timer, THIRD, 0},
    {"vcpu_op register_vcpu_info", __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, THIRD, 0},
    {"vcpu_op register_runstate", __HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, THIRD, 0},
    {"console_io write", __HYPERVISOR_console_io, CONSOLEIO_write, THIRD, 8},
    {"multicall", __HYPERVISOR_multicall, 0, FIRST, 1},
    {"mmu_update", __HYPERVISOR_mmu_update, 0, FIRST, 1},
    {"mmuext_op", __HYPERVISOR_mmuext_op, 0, FIRST, 1},
    {"set_gdt", __HYPERVISOR_set_gdt, 0, FIRST, 512},
    {"set_trap_table", __HYPERVISOR_set_trap_table, 0, FIRST, 0},
    {"platform_op", __HYPERVISOR_platform_op, 0, FIRST, 0},
    {"sysctl", __HYPERVISOR_sysctl, 0, FIRST, 0},
    {"domctl", __HYPERVISOR_domctl, 0, FIRST, 0},
};

static long call(unsigned i, uint64_t pointer)
{
    switch (calls[i].place) {
    case FIRST:
        return hypercall_raw(calls[i].nr, pointer, calls[i].other, 0, DOMID_SELF, 0);
    case SECOND:
        return hypercall_raw(calls[i].nr, calls[i].sub, pointer, calls[i].other, 0, 0);
    default:
        return hypercall_raw(calls[i].nr, calls[i].sub, calls[i].other, pointer, 0, 0);
    }
}

static void known_calls(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
        unsigned wrong = 0;

        for (unsigned k = 0; k < bad_count; k++) {
            long ret;

            /* NULL has a meaning here: set_trap_table resets, and the traps would be lost. */
            if (!bad[k] && calls[i].nr == __HYPERVISOR_set_trap_table)
                continue;
            ret = call(i, bad[k]);
            if (ret < 0 && ret >= -4095)
                continue;
            wrong++;
            case_failed(case_name("%s at 0x%lx", calls[i].name, bad[k]), "got %ld", ret);
        }
        if (!wrong)
            case_ok(case_name("%s refuses %u bad pointers", calls[i].name, bad_count));
        check_alive(calls[i].name);
    }
}

static void read_only_outputs(void)
{
    static const unsigned versions[] = {XENVER_extraversion,        XENVER_capabilities, XENVER_get_features,
                                        XENVER_platform_parameters, XENVER_compile_info, XENVER_guest_handle};
    unsigned differs = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(versions); i++)
        check_eq(case_name("xen_version %u into a read-only page", versions[i]), hv_xen_version(versions[i], read_only),
                 -XEN_EFAULT);
    check_eq("memory map into a read-only page", hv_memory_op(XENMEM_machphys_mapping, read_only), -XEN_EFAULT);
    check_eq("runstate into a read-only page", hv_vcpu_op(VCPUOP_get_runstate_info, 0, read_only), -XEN_EFAULT);
    check_error("event port into a read-only page", hv_event_channel_op(EVTCHNOP_bind_ipi, read_only));
    check_error("grant status into a read-only page", hv_grant_table_op(GNTTABOP_query_size, read_only, 1));
    check_error("multicall results into a read-only page", hv_multicall(read_only, 2));
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        differs += read_only[i] != 0;
    check_eq("the page is as before", differs, 0);
    check_error("output across the end of a mapping", hv_xen_version(XENVER_compile_info, edge + PAGE_SIZE - 40));
    check_error("input across the end of a mapping", hv_sched_op(SCHEDOP_poll, edge + PAGE_SIZE - 4));
}

/* Pointers inside structures. */
static void inner_pointers(void)
{
    struct xen_memory_reservation r = {.nr_extents = 4, .domid = DOMID_SELF};
    struct sched_poll poll = {.nr_ports = 2, .timeout = 1};
    struct xen_memory_map map = {.nr_entries = 16};
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    struct mmuext_op flush = {.cmd = MMUEXT_TLB_FLUSH_MULTI};
    struct mmu_update update = {machine_of(scratch_entry(30)), 0};
    multicall_entry_t entry = {.op = __HYPERVISOR_xen_version, .args = {XENVER_extraversion, 0}};

    for (unsigned k = 1; k < bad_count; k++) {
        uint64_t p = bad[k];

        set_xen_guest_handle(r.extent_start, (xen_pfn_t *)p);
        check_range(case_name("reservation list at 0x%lx", p), hv_memory_op(XENMEM_decrease_reservation, &r), -4095, 0);
        check_range(case_name("populate list at 0x%lx", p), hv_memory_op(XENMEM_populate_physmap, &r), -4095, 0);
        set_xen_guest_handle(poll.ports, (evtchn_port_t *)p);
        check_error(case_name("poll list at 0x%lx", p), hv_sched_op(SCHEDOP_poll, &poll));
        set_xen_guest_handle(map.buffer, (void *)p);
        map.nr_entries = 16;
        check_error(case_name("memory map buffer at 0x%lx", p), hv_memory_op(XENMEM_machine_memory_map, &map));
        set_xen_guest_handle(setup.frame_list, (xen_pfn_t *)p);
        setup.status = 0;
        check(case_name("grant frame list at 0x%lx", p),
              hv_grant_table_op(GNTTABOP_setup_table, &setup, 1) < 0 || setup.status != GNTST_okay);
        set_xen_guest_handle(flush.arg2.vcpumask, (void *)p);
        check_error(case_name("vcpu mask at 0x%lx", p), hv_mmuext_op(&flush, 1, NULL, DOMID_SELF));
        check_range(case_name("mmu_update count at 0x%lx", p), hv_mmu_update(&update, 1, p, DOMID_SELF), -4095, 0);
        check_error(case_name("vcpu mask of update_va_mapping at 0x%lx", p & ~3ul),
                    hv_update_va_mapping(scratch_va(30), 0, UVMF_TLB_FLUSH | (p & ~3ul)) ?: ((p & ~3ul) ? 0 : -1));
        entry.args[1] = p;
        hv_multicall(&entry, 1);
        check_error(case_name("pointer in a multicall at 0x%lx", p), (long)entry.result);
    }
    check_alive("inner pointers");
}

/* ---- the storm ---- */
static bool skipped(unsigned nr, unsigned sub, unsigned form)
{
    switch (nr) {
    case __HYPERVISOR_iret:              /* replaces this context */
    case __HYPERVISOR_set_callbacks:     /* takes addresses to jump to, not pointers */
    case __HYPERVISOR_update_va_mapping: /* no pointers; would unmap this guest */
    case __HYPERVISOR_update_va_mapping_otherdomain:
    case __HYPERVISOR_set_segment_base:
    case __HYPERVISOR_set_trap_table: /* NULL resets; otherwise in the table above */
    case __HYPERVISOR_set_debugreg:
    case __HYPERVISOR_stack_switch:
    case 6: /* old sched_op: shutdown by number */
        return true;
    case __HYPERVISOR_sched_op:
        return sub == SCHEDOP_block || (sub == SCHEDOP_shutdown && form == 1);
    case __HYPERVISOR_vcpu_op:
        return sub == VCPUOP_down || sub == VCPUOP_register_vcpu_info;
    case __HYPERVISOR_console_io:
        return form == 0; /* would print whole pages */
    default:
        return false;
    }
}

/* These would do what zeros in a readable page ask them to: power off, or remove a callback. */
static bool obeys_zeros(unsigned nr)
{
    return nr == __HYPERVISOR_sched_op || nr == __HYPERVISOR_callback_op || nr == __HYPERVISOR_nmi_op;
}

static void storm(void)
{
    unsigned made = 0;
    const uint8_t *m2p = (const uint8_t *)HYPERVISOR_START;
    uint64_t first = *(const uint64_t *)m2p;

    for (unsigned nr = 0; nr < 64; nr++) {
        for (unsigned sub = 0; sub < 64; sub++)
            for (unsigned k = 0; k < bad_count + 2; k++) {
                uint64_t p = k < bad_count    ? bad[k]
                             : k == bad_count ? (uint64_t)read_only
                                              : (uint64_t)edge + PAGE_SIZE - 12;

                if (k >= bad_count && obeys_zeros(nr))
                    continue;
                if (!skipped(nr, sub, 0))
                    hypercall_raw(nr, sub, p, p, p, p);
                if (!skipped(nr, sub, 1))
                    hypercall_raw(nr, sub, 0, p, p, p);
                if (!skipped(nr, sub, 2))
                    hypercall_raw(nr, sub, p, 1, p, p);
                if (!skipped(nr, sub, 3) && !sub)
                    hypercall_raw(nr, p, 1, p, DOMID_SELF, p);
                made += 3;
            }
        hv_set_timer_op(0);
        check_alive(case_name("hypercall %u", nr));
    }
    report_note("about %u calls", made);
    case_ok("every number, sub-operation, place and bad pointer");
    check_hex("the M2P is as before", *(const uint64_t *)m2p, first);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        if (read_only[i]) {
            case_failed("the read-only page is as before", "byte %u is 0x%x", i, read_only[i]);
            break;
        }
}

static bool ignore_nmi(struct trap_frame *frame)
{
    (void)frame;
    return true;
}

static void still_works(void)
{
    unsigned port = (unsigned)event_bind_ipi(0);
    uint64_t *probe = page_alloc();

    traps_init();
    event_unmask(port);
    event_count[port] = 0;
    event_send(port);
    check("events still arrive", wait_for(&event_count[port], 1, 1000));
    check_eq("mapping still works", scratch_set(40, pte_make(mfn_of(probe), PTE_KERNEL)), 0);
    TRY("ud2", :);
    check_trap("traps still arrive", TRAP_UD);
}

void guest_main(void)
{
    trap_set_handler(2, ignore_nmi);
    set_up();
    known_calls();
    read_only_outputs();
    inner_pointers();
    storm();
    still_works();
}
