/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sub-operations of memory_op about the machine: what memory there is, where the machine-to-physical table lies, and
 * the memory maps that firmware (for dom0) or the toolstack (for others) made.
 */
#include "domain/vcpu.h"
#include "hypercall/memory_ops.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"
#include "mm/hv_map.h"
#include "mm/memory_map.h"
#include "platform/acpi.h"
#include <xen/memory.h>

int64_t memory_op_maximum_ram_page(uint64_t start, uint64_t arg)
{
    (void)start;
    (void)arg;
    return (int64_t)frame_table_max;
}

/* A domain that may one day run on another machine is told the whole table's range, dom0 what this machine has. */
int64_t memory_op_machphys_mapping(uint64_t start, uint64_t arg)
{
    uint64_t entries = (M2P_RO_VIRT_END - M2P_RO_VIRT) / sizeof(uint64_t);
    struct xen_machphys_mapping m = {
        .v_start = M2P_RO_VIRT,
        .v_end = M2P_RO_VIRT_END,
        .max_mfn = (domain_is_dom0(current->domain) ? frame_table_max : entries) - 1,
    };

    (void)start;
    return guest_copy_out(arg, &m, sizeof(m));
}

/* Holes repeat the frame before them: a tool that maps the list then maps something harmless. */
int64_t memory_op_machphys_mfn_list(uint64_t start, uint64_t arg)
{
    struct xen_machphys_mfn_list l;
    uint64_t last = 0;
    unsigned int i;

    (void)start;
    if (guest_copy_in(&l, arg, sizeof(l)))
        return -EFAULT;
    for (i = 0; i < l.max_extents && i * HV_MAP_M2P_CHUNK_FRAMES < frame_table_max; i++) {
        mfn_t m = hv_map_m2p_chunk(i);
        if (!mfn_eq(m, MFN_INVALID))
            last = m.n;
        if (guest_copy_out_item(guest_handle_va(l.extent_start), i, &last))
            return -EFAULT;
    }
    l.nr_extents = i;
    return guest_copy_out(arg, &l, sizeof(l));
}

/* An entry as BIOS call INT 15h AX=E820h returns it. */
struct e820_entry {
    uint64_t start, size;
    uint32_t type;
} __packed;
_Static_assert(sizeof(struct e820_entry) == 20, "INT 15h AX=E820h");

int64_t memory_op_memory_map(uint64_t start, uint64_t arg)
{
    struct domain *d = current->domain;
    struct xen_memory_map m;
    struct memory_map_pv map;

    (void)start;
    if (guest_copy_in(&m, arg, sizeof(m)))
        return -EFAULT;
    spin_lock(&d->lock);
    map = d->memory_map;
    spin_unlock(&d->lock);

    if (!map.count)
        return -ENOSYS;
    m.nr_entries = MIN(m.nr_entries, map.count);
    for (unsigned int i = 0; i < m.nr_entries; i++) {
        struct e820_entry e = {map.region[i].start, map.region[i].size, map.region[i].type};
        if (guest_copy_out_item(guest_handle_va(m.buffer), i, &e))
            return -EFAULT;
    }
    return guest_copy_out(arg, &m, sizeof(m));
}

int64_t memory_op_set_memory_map(uint64_t start, uint64_t arg)
{
    struct xen_foreign_memory_map m;
    struct memory_map_pv map;
    int64_t error;

    (void)start;
    if (guest_copy_in(&m, arg, sizeof(m)))
        return -EFAULT;
    if (m.map.nr_entries > ARRAY_SIZE(map.region))
        return -EINVAL;
    map.count = m.map.nr_entries;
    for (unsigned int i = 0; i < map.count; i++) {
        struct e820_entry e;
        if (guest_copy_in_item(&e, guest_handle_va(m.map.buffer), i))
            return -EFAULT;
        map.region[i].start = e.start;
        map.region[i].size = e.size;
        map.region[i].type = e.type;
    }

    struct domain *d = memory_op_target(m.domid, &error);
    if (!d)
        return error;
    spin_lock(&d->lock);
    d->memory_map = map;
    spin_unlock(&d->lock);
    domain_put(d);
    return 0;
}

/* Where the machine's entries go, and how many there are. */
struct map_output {
    uint64_t buffer; /* 0: only count */
    unsigned int room, count;
};

static int64_t output_entry(struct map_output *o, uint64_t start, uint64_t end, uint32_t type)
{
    struct e820_entry e = {start, end - start, type};

    if (start >= end)
        return 0;
    if (o->buffer && o->count >= o->room)
        return -EINVAL;
    if (o->buffer && guest_copy_out_item(o->buffer, o->count, &e))
        return -EFAULT;
    o->count++;
    return 0;
}

/* The n-th range, by address, that dom0 must not use though firmware may not list it: IO-APICs, local APICs. */
static bool apic_range(unsigned int n, uint64_t *start, uint64_t *end)
{
    uint64_t after = 0;

    for (unsigned int found = 0; found <= n; found++) {
        *start = 0xfee00000;
        *end = 0xfef00000;
        bool any = *start >= after;
        for (unsigned int i = 0; i < acpi_info.ioapic_count; i++) {
            uint64_t page = acpi_info.ioapic[i].address & PAGE_MASK;
            if (page >= after && (!any || page < *start)) {
                *start = page;
                *end = page + PAGE_SIZE;
                any = true;
            }
        }
        if (!any)
            return false;
        after = *end;
    }
    return true;
}

/* A gap of the firmware's map: what lies in it of the APICs. */
static int64_t output_gap(struct map_output *o, uint64_t gap_start, uint64_t gap_end)
{
    uint64_t start, end;

    for (unsigned int n = 0; apic_range(n, &start, &end); n++) {
        int64_t error = output_entry(o, MAX(start, gap_start), MIN(end, gap_end), MEMORY_RESERVED);
        if (error)
            return error;
    }
    return 0;
}

int64_t memory_op_machine_memory_map(uint64_t start, uint64_t arg)
{
    struct xen_memory_map m;
    uint64_t at = 0;
    int64_t error;

    (void)start;
    if (!current->domain->privileged)
        return -EPERM;
    if (guest_copy_in(&m, arg, sizeof(m)))
        return -EFAULT;
    struct map_output o = {.buffer = guest_handle_va(m.buffer), .room = m.nr_entries};
    for (unsigned int i = 0; i < memory_map.count; i++) {
        const struct memory_region *r = &memory_map.region[i];

        error = output_gap(&o, at, r->start);
        if (!error)
            error = output_entry(&o, r->start, r->start + r->size, r->type);
        if (error)
            return error;
        at = r->start + r->size;
    }
    error = output_gap(&o, at, ~0ULL);
    if (error)
        return error;
    m.nr_entries = o.count;
    return guest_copy_out(arg, &m, sizeof(m));
}
