/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GDT and LDT of PV vCPUs: pages typed TYPE_DESC, descriptors checked, mapped through the CPU's window at each switch.
 */
#ifndef HAVEN_GUEST_PV_DESCRIPTOR_TABLES_H
#define HAVEN_GUEST_PV_DESCRIPTOR_TABLES_H

#include "domain/vcpu.h"

#define DESCRIPTORS_PER_PAGE ((unsigned int)(PAGE_SIZE / 8))

static inline unsigned int segment_table_pages(unsigned int entries)
{
    return (entries + DESCRIPTORS_PER_PAGE - 1) / DESCRIPTORS_PER_PAGE;
}

/* frames: machine frames from the guest, entries <= 14 * 512; 0 entries drops the GDT. The old one is given back. Loads
 * it when v is current. */
int descriptor_tables_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries);
int descriptor_tables_set_ldt(struct vcpu *v, uint64_t base, unsigned int entries);
void descriptor_tables_drop(struct vcpu *v);

/* Writes one descriptor at machine address 'at' (HYPERVISOR_update_descriptor). */
int descriptor_tables_update(struct vcpu *v, paddr_t at, uint64_t descriptor);

/*
 * Points this CPU's window at v's GDT and LDT. In a context switch TLB entries for the window are gone after the CR3
 * load that follows; else they are invalidated.
 */
void descriptor_tables_load(struct vcpu *v, bool invalidate);

/* Pure: may a guest have this descriptor? Fixes it up in place (DPL raised, accessed bit). */
bool descriptor_check(uint64_t *descriptor);

#endif
