/* SPDX-License-Identifier: MIT
 *
 * Why: kernels give memory back, take it again (balloon) and trade it for contiguous low memory (DMA).
 * Trick: watch the reservation, the machine-to-physical table and the contents while frames come and go.
 * Expect: exact counts of extents done, zeroed or at least owned frames, nothing lost.
 */
#include "memory.h"
#include "guest.h"
#include "traps.h"
#include <xen/vcpu.h>

GUEST("memory");

static long reservation(unsigned cmd)
{
    domid_t self = DOMID_SELF;

    return hv_memory_op(cmd, &self);
}

static long change(unsigned cmd, xen_pfn_t *list, unsigned count, unsigned order, unsigned flags)
{
    struct xen_memory_reservation r = {
        .nr_extents = count, .extent_order = order, .mem_flags = flags, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, list);
    return hv_memory_op(cmd, &r);
}

static void sizes(void)
{
    check_eq("current_reservation", reservation(XENMEM_current_reservation), (long)start_info->nr_pages);
    check("maximum_reservation", reservation(XENMEM_maximum_reservation) >= (long)start_info->nr_pages);
    check_range("maximum_ram_page", hv_memory_op(XENMEM_maximum_ram_page, NULL), 0x10000, 0x10000000);
}

static void give_and_take(void)
{
    uint64_t *page = page_alloc(), pfn = va_to_pfn(page), mfn = mfn_of(page);
    xen_pfn_t list[1] = {mfn};
    long before = reservation(XENMEM_current_reservation);

    check_eq("unmap a page", map_page(page, 0), 0);
    check_eq("decrease_reservation", change(XENMEM_decrease_reservation, list, 1, 0, 0), 1);
    check_eq("reservation is one less", reservation(XENMEM_current_reservation), before - 1);
    check_error("the frame is not ours any more", map_page(page, pte_make(mfn, PTE_KERNEL)));
    check_eq("giving it twice does nothing", change(XENMEM_decrease_reservation, list, 1, 0, 0), 0);
    list[0] = pfn;
    check_eq("populate_physmap", change(XENMEM_populate_physmap, list, 1, 0, 0), 1);
    check_eq("reservation is back", reservation(XENMEM_current_reservation), before);
    check_eq("the M2P names its pfn", (long)pfn_of_mfn(list[0]), (long)pfn);
    check_eq("map it", map_page(page, pte_make(list[0], PTE_KERNEL)), 0);
    check("it is clean", !page[0] && !page[511]);
    ((uint64_t *)start_info->mfn_list)[pfn] = list[0];
    *page = 7;
    page_free(page);
}

static void give_mapped(void)
{
    uint64_t *page = page_alloc(), pfn = va_to_pfn(page);
    xen_pfn_t list[1] = {mfn_of(page)};

    *page = 0x99;
    check_eq("decrease a page that is mapped", change(XENMEM_decrease_reservation, list, 1, 0, 0), 1);
    check_hex("it stays until unmapped", *page, 0x99);
    check_eq("unmap", map_page(page, 0), 0);
    list[0] = pfn;
    check_eq("populate again", change(XENMEM_populate_physmap, list, 1, 0, 0), 1);
    ((uint64_t *)start_info->mfn_list)[pfn] = list[0];
    check_eq("map", page_writable(page), 0);
    page_free(page);
}

static void large_extents(void)
{
    uint64_t pfn = start_info->nr_pages + 1024;
    xen_pfn_t list[1] = {pfn}, mfn;
    unsigned wrong = 0;
    long before = reservation(XENMEM_current_reservation);

    check_eq("populate an extent of order 4", change(XENMEM_populate_physmap, list, 1, 4, 0), 1);
    mfn = list[0];
    check_eq("aligned", mfn % 16, 0);
    for (unsigned i = 0; i < 16; i++)
        wrong += pfn_of_mfn(mfn + i) != pfn + i;
    check_eq("M2P of all 16", wrong, 0);
    check_eq("reservation", reservation(XENMEM_current_reservation), before + 16);
    check_eq("decrease it whole", change(XENMEM_decrease_reservation, list, 1, 4, 0), 1);
    check_eq("reservation is back", reservation(XENMEM_current_reservation), before);
    check_eq("increase_reservation of 4", change(XENMEM_increase_reservation, (xen_pfn_t[4]){0}, 4, 0, 0), 4);
    check_eq("reservation", reservation(XENMEM_current_reservation), before + 4);
    list[0] = pfn;
    check_range("an absurd order", change(XENMEM_populate_physmap, list, 1, 40, 0), -4095, 0);
    check_range("order 0xffffffff", change(XENMEM_populate_physmap, list, 1, 0xffffffff, 0), -4095, 0);
}

static void refused(void)
{
    xen_pfn_t list[2] = {0xfffffffffful, 1};
    struct xen_memory_reservation other = {.nr_extents = 1, .domid = 77};

    check_range("decrease of no frame", change(XENMEM_decrease_reservation, list, 1, 0, 0), -4095, 0);
    list[0] = *pt_entry(HYPERVISOR_START, 4) >> 12 & 0xfffffff;
    check_range("decrease of the hypervisor's frame", change(XENMEM_decrease_reservation, list, 1, 0, 0), -4095, 0);
    check_range("bad list", change(XENMEM_decrease_reservation, scratch_va(0), 1, 0, 0), -4095, 0);
    set_xen_guest_handle(other.extent_start, list);
    check_range("no such domain", hv_memory_op(XENMEM_decrease_reservation, &other), -4095, 0);
    check_eq("bad argument pointer", hv_memory_op(XENMEM_current_reservation, scratch_va(0)), -XEN_EFAULT);
    check_eq("no such operation", hv_memory_op(60, NULL), -XEN_ENOSYS);
    check_eq("none", change(XENMEM_decrease_reservation, list, 0, 0, 0), 0);
    check_alive("refused memory operations");
}

static void many_extents(void)
{
    static xen_pfn_t list[512], mfns[512];
    long before = reservation(XENMEM_current_reservation);

    for (unsigned i = 0; i < 512; i++)
        list[i] = start_info->nr_pages + 2048 + i;
    memcpy(mfns, list, sizeof list);
    check_eq("populate 512", change(XENMEM_populate_physmap, mfns, 512, 0, 0), 512);
    check_eq("reservation", reservation(XENMEM_current_reservation), before + 512);
    check_eq("decrease 512", change(XENMEM_decrease_reservation, mfns, 512, 0, 0), 512);
    check_eq("reservation is back", reservation(XENMEM_current_reservation), before);
}

/* As a balloon does, but in calls so long that the timer comes between: they go on where they stopped. */
static void cycles(void)
{
    static xen_pfn_t frames[4096];
    struct vcpu_set_periodic_timer timer = {.period_ns = 1000000};
    long before = reservation(XENMEM_current_reservation);
    unsigned wrong = 0;

    hv_vcpu_op(VCPUOP_set_periodic_timer, 0, &timer);
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 4096; i++)
            frames[i] = start_info->nr_pages + 4096 + i;
        wrong += change(XENMEM_populate_physmap, frames, 4096, 0, 0) != 4096;
        wrong += reservation(XENMEM_current_reservation) != before + 4096;
        for (unsigned i = 0; i < 4096; i++)
            wrong += pfn_of_mfn(frames[i]) != start_info->nr_pages + 4096 + i;
        wrong += change(XENMEM_decrease_reservation, frames, 4096, 0, 0) != 4096;
        wrong += reservation(XENMEM_current_reservation) != before;
        wrong += change(XENMEM_decrease_reservation, frames, 1, 0, 0) != 0;
    }
    hv_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    check_eq("5 times 4096 frames and back", wrong, 0);
}

static long exchange(xen_pfn_t *in, unsigned in_count, unsigned in_order, xen_pfn_t *out, unsigned out_count,
                     unsigned out_order, unsigned bits, xen_ulong_t *done)
{
    struct xen_memory_exchange x = {
        .in = {.nr_extents = in_count, .extent_order = in_order, .domid = DOMID_SELF},
        .out = {.nr_extents = out_count,
                .extent_order = out_order,
                .mem_flags = XENMEMF_address_bits(bits),
                .domid = DOMID_SELF},
    };
    long ret;

    set_xen_guest_handle(x.in.extent_start, in);
    set_xen_guest_handle(x.out.extent_start, out);
    ret = hv_memory_op(XENMEM_exchange, &x);
    *done = x.nr_exchanged;
    return ret;
}

static void trade(void)
{
    uint8_t *pages = pages_alloc(64);
    uint64_t pfn = va_to_pfn(pages);
    xen_pfn_t in[64], out[64];
    xen_ulong_t done;
    unsigned wrong = 0;
    long before = reservation(XENMEM_current_reservation), ret;

    for (unsigned i = 0; i < 64; i++) {
        in[i] = mfn_of_pfn(pfn + i);
        map_page(pages + i * PAGE_SIZE, 0);
    }
    out[0] = pfn;
    ret = exchange(in, 64, 0, out, 1, 6, 32, &done);
    if (!check_eq("exchange 64 frames for one run of 64 below 4 GiB", ret, 0))
        return;
    check_eq("all given", (long)done, 64);
    check_eq("aligned", out[0] % 64, 0);
    check("below 4 GiB", out[0] + 64 <= 1ul << 20);
    check_eq("reservation is the same", reservation(XENMEM_current_reservation), before);
    for (unsigned i = 0; i < 64; i++) {
        ((uint64_t *)start_info->mfn_list)[pfn + i] = out[0] + i;
        wrong += pfn_of_mfn(out[0] + i) != pfn + i || page_writable(pages + i * PAGE_SIZE);
        pages[i * PAGE_SIZE] = (uint8_t)i;
    }
    check_eq("all 64 are usable at their pfns", wrong, 0);
    for (unsigned i = 0; i < 64; i++) {
        in[i] = out[0] + i;
        map_page(pages + i * PAGE_SIZE, 0);
    }
    in[0] = out[0];
    for (unsigned i = 0; i < 64; i++)
        out[i] = pfn + i;
    check_eq("and back into single frames", exchange(in, 1, 6, out, 64, 0, 0, &done), 0);
    check_eq("one extent given", (long)done, 1);
    for (unsigned i = 0; i < 64; i++) {
        ((uint64_t *)start_info->mfn_list)[pfn + i] = out[i];
        wrong += page_writable(pages + i * PAGE_SIZE) != 0;
    }
    check_eq("all 64 are usable", wrong, 0);
}

static void trade_refused(void)
{
    uint64_t *page = page_alloc();
    xen_pfn_t in[64] = {0xfffffffffful}, out[64] = {va_to_pfn(page)};
    xen_ulong_t done;

    check_error("exchange of no frame", exchange(in, 1, 0, out, 1, 0, 32, &done));
    in[0] = mfn_of(page);
    check_error("sizes that differ", exchange(in, 1, 0, out, 1, 1, 32, &done));
    check_error("an absurd order", exchange(in, 1, 0, out, 1, 60, 32, &done));
    check_error("address width that no memory has", exchange(in, 1, 0, out, 1, 0, 13, &done));
    check_eq("nothing exchanged", (long)done, 0);
    /* A frame that is referenced elsewhere: the mapping stays with the old frame or the exchange is refused. */
    *page = 0x42;
    check_range("exchange of a mapped frame", exchange(in, 1, 0, out, 1, 0, 32, &done), -4095, 0);
    check_hex("the mapping still reads as before", *page, 0x42);
    check_error("exchange with a bad list", exchange(scratch_va(0), 1, 0, out, 1, 0, 32, &done));
    check_alive("refused exchanges");
}

static void maps(void)
{
    static struct xen_e820 {
        uint64_t addr, size;
        uint32_t type;
    } __attribute__((packed)) entries[128];
    struct xen_memory_map map = {.nr_entries = 128};
    uint64_t ram = 0;
    struct xen_machphys_mapping m2p;
    static xen_pfn_t frames[64];
    struct xen_machphys_mfn_list list = {.max_extents = 64};

    set_xen_guest_handle(map.buffer, (void *)entries);
    check_eq("machine_memory_map", hv_memory_op(XENMEM_machine_memory_map, &map), 0);
    check_range("entries", map.nr_entries, 2, 127);
    for (unsigned i = 0; i < map.nr_entries; i++)
        ram += entries[i].type == 1 ? entries[i].size : 0;
    check("it has RAM", ram > 64ul << 20);
    set_xen_guest_handle(map.buffer, (void *)scratch_va(0));
    map.nr_entries = 128;
    check_error("with a bad buffer", hv_memory_op(XENMEM_machine_memory_map, &map));
    map.nr_entries = 1;
    set_xen_guest_handle(map.buffer, (void *)entries);
    check_range("with a buffer that is too small", hv_memory_op(XENMEM_machine_memory_map, &map), -4095, 0);
    check_range("and no more than asked is written", map.nr_entries, 0, 1);
    check_error("memory_map, which nobody set", hv_memory_op(XENMEM_memory_map, &map));
    check_eq("machphys_mapping", hv_memory_op(XENMEM_machphys_mapping, &m2p), 0);
    check_hex("v_start", m2p.v_start, HYPERVISOR_START);
    check_hex("v_end", m2p.v_end, 0xffff804000000000ul);
    check("max_mfn", m2p.max_mfn + 1 >= (uint64_t)hv_memory_op(XENMEM_maximum_ram_page, NULL));
    set_xen_guest_handle(list.extent_start, frames);
    check_eq("machphys_mfn_list", hv_memory_op(XENMEM_machphys_mfn_list, &list), 0);
    check_range("extents", list.nr_extents, 1, 64);
}

void guest_main(void)
{
    sizes();
    give_and_take();
    give_mapped();
    large_extents();
    refused();
    many_extents();
    cycles();
    trade();
    trade_refused();
    maps();
}
