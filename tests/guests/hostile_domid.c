/* SPDX-License-Identifier: MIT
 *
 * Why: many calls take a domain number; a wrong one must find nothing, and a reserved one must not be taken for a
 * domain. Trick: numbers of no domain and all reserved ones, in each call that takes one. Expect: an error, or a list
 * of allowed meanings: DOMID_SELF; DOMID_IO and DOMID_XEN as owners of device and hypervisor frames for the control
 * domain.
 */
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"

GUEST("hostile_domid");

static const uint16_t domids[] = {1,        2,         77,        0x1234,        0x7fef,
                                  DOMID_IO, DOMID_XEN, DOMID_COW, DOMID_INVALID, DOMID_IDLE,
                                  0x7ff5,   0x8000,    0xfff0,    0xffff};

static bool owns_frames(uint16_t d)
{
    return d == DOMID_IO || d == DOMID_XEN || d == DOMID_COW;
}

static void events(uint16_t d)
{
    struct evtchn_status status = {.dom = d, .port = 1};
    struct evtchn_reset reset = {.dom = d};
    struct evtchn_alloc_unbound unbound = {.dom = d, .remote_dom = DOMID_SELF};
    long port;

    check_error(case_name("alloc_unbound for %x", d), hv_event_channel_op(EVTCHNOP_alloc_unbound, &unbound));
    check_error(case_name("bind_interdomain to %x", d), event_bind_interdomain(d, 1));
    check_error(case_name("status of %x", d), hv_event_channel_op(EVTCHNOP_status, &status));
    check_error(case_name("reset of %x", d), hv_event_channel_op(EVTCHNOP_reset, &reset));
    /* A port may wait for a domain that does not exist yet. */
    port = event_alloc_unbound(DOMID_SELF, d);
    check_range(case_name("alloc_unbound waiting for %x", d), port, -4095, 4095);
    if (port > 0) {
        check_error(case_name("and is not for this domain to bind"),
                    event_bind_interdomain(DOMID_SELF, (unsigned)port));
        event_close((unsigned)port);
    }
}

static void grants(uint16_t d)
{
    struct gnttab_map_grant_ref map = {
        .host_addr = (uint64_t)scratch_va(1), .flags = GNTMAP_host_map, .ref = 8, .dom = d};
    struct gnttab_query_size query = {.dom = d};
    struct gnttab_setup_table setup = {.dom = d, .nr_frames = 1};
    struct gnttab_get_version version = {.dom = d};
    struct gnttab_copy copy = {.flags = GNTCOPY_source_gref, .len = 8};
    uint64_t frames[1];
    long ret;

    ret = hv_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
    check(case_name("map from %x", d), ret < 0 || map.status < 0);
    ret = hv_grant_table_op(GNTTABOP_query_size, &query, 1);
    check(case_name("query_size of %x", d), ret < 0 || query.status < 0);
    set_xen_guest_handle(setup.frame_list, frames);
    ret = hv_grant_table_op(GNTTABOP_setup_table, &setup, 1);
    check(case_name("setup_table of %x", d), ret < 0 || setup.status < 0);
    check_range(case_name("get_version of %x", d), hv_grant_table_op(GNTTABOP_get_version, &version, 1), -4095, 0);
    copy.source.u.ref = 8;
    copy.source.domid = d;
    copy.dest.u.gmfn = mfn_of(page_alloc());
    copy.dest.domid = DOMID_SELF;
    ret = hv_grant_table_op(GNTTABOP_copy, &copy, 1);
    check(case_name("copy from %x", d), ret < 0 || copy.status < 0);
    copy.source.domid = DOMID_SELF;
    copy.source.u.gmfn = copy.dest.u.gmfn;
    copy.dest.domid = d;
    copy.flags = 0;
    ret = hv_grant_table_op(GNTTABOP_copy, &copy, 1);
    check(case_name("copy to a frame of %x", d), ret < 0 || copy.status < 0);
}

static void memory(uint16_t d)
{
    uint64_t *page = page_alloc(), pte = pte_make(mfn_of(page), PTE_KERNEL);
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = d};
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = mfn_of(page)};
    struct xen_memory_exchange x = {.in = {.nr_extents = 1, .domid = d}, .out = {.nr_extents = 1, .domid = d}};
    xen_pfn_t list[1] = {mfn_of(page)};
    long ret;

    set_xen_guest_handle(r.extent_start, list);
    check_range(case_name("decrease_reservation of %x", d), hv_memory_op(XENMEM_decrease_reservation, &r), -4095, 0);
    list[0] = va_to_pfn(page);
    check_range(case_name("populate_physmap of %x", d), hv_memory_op(XENMEM_populate_physmap, &r), -4095, 0);
    list[0] = mfn_of(page);
    set_xen_guest_handle(x.in.extent_start, list);
    set_xen_guest_handle(x.out.extent_start, list);
    check_error(case_name("exchange for %x", d), hv_memory_op(XENMEM_exchange, &x));
    check_error(case_name("current_reservation of %x", d), hv_memory_op(XENMEM_current_reservation, &d));
    check_error(case_name("maximum_reservation of %x", d), hv_memory_op(XENMEM_maximum_reservation, &d));
    /* The frame belongs to this domain, so no owner but this one may be named for it. */
    ret = mmu_update_one(machine_of(scratch_entry(2)), pte, d);
    check_error(case_name("mmu_update of a frame of %x", d), ret);
    ret = hypercall4(__HYPERVISOR_update_va_mapping_otherdomain, scratch_va(2), pte, UVMF_INVLPG, d);
    check_error(case_name("update_va_mapping_otherdomain of %x", d), ret);
    check_error(case_name("mmu_update for tables of %x", d),
                mmu_update_one(machine_of(scratch_entry(2)), 0, (uint64_t)(d + 1u) << 16 | DOMID_SELF)
                    ?: (owns_frames(d) ? 0 : -1));
    ret = hv_mmuext_op(&op, 1, NULL, d);
    check_error(case_name("pin a frame of %x", d), ret);
    check_hex(case_name("nothing is mapped by %x", d), *scratch_entry(2) & PTE_P, 0);
    page_free(page);
}

static void own_number(void)
{
    uint64_t *page = page_alloc();

    /* The numbers of this domain itself: self is meant by DOMID_SELF alone in foreign arguments. */
    check_error("own number as foreign owner",
                mmu_update_one(machine_of(scratch_entry(2)), pte_make(mfn_of(page), PTE_KERNEL), 0));
    check("status of domain 0", ({
              struct evtchn_status s = {.dom = 0, .port = 0};
              hv_event_channel_op(EVTCHNOP_status, &s) == 0;
          }));
}

static void hypervisor_as_owner(void)
{
    uint64_t m2p = (*pt_entry(HYPERVISOR_START, 4) & PTE_ADDR) >> 12;

    check_error("hypervisor frames writable by DOMID_XEN",
                mmu_update_one(machine_of(scratch_entry(2)), pte_make(m2p, PTE_KERNEL), DOMID_XEN));
    check_error("hypervisor table frames read-only by DOMID_XEN",
                mmu_update_one(machine_of(scratch_entry(2)), pte_make(m2p, PTE_RO), DOMID_XEN));
    check_error("local APIC by DOMID_IO",
                mmu_update_one(machine_of(scratch_entry(2)), pte_make(0xfee00, PTE_KERNEL), DOMID_IO));
}

static void remote_shutdown(uint16_t d)
{
    struct sched_remote_shutdown op = {.domain_id = d, .reason = SHUTDOWN_poweroff};

    check_error(case_name("remote_shutdown of %x", d), hv_sched_op(SCHEDOP_remote_shutdown, &op));
}

void guest_main(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(domids); i++) {
        events(domids[i]);
        grants(domids[i]);
        memory(domids[i]);
        remote_shutdown(domids[i]);
        check_alive("domain numbers");
    }
    own_number();
    hypervisor_as_owner();
}
