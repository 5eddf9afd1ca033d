/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of entries in page tables: decode and check (pte_check.c), take the references of the new entry, write, drop
 * those of the old one. Each function takes the page-table lock of the table's owner.
 */
#ifndef HAVEN_GUEST_PV_PT_UPDATE_H
#define HAVEN_GUEST_PV_PT_UPDATE_H

#include "domain/vcpu.h"
#include "mm/pte.h"

/*
 * Writes 'new' to the entry at machine address 'at', which must lie in a table (any level) of pt_owner. Frames that the entry maps belong
 * to page_owner (pt_owner's own, or foreign for control domains). preserve_ad: A and D bits of the old entry stay (MMU_PT_UPDATE_PRESERVE_AD).
 */
int pt_update_entry(struct vcpu *v, struct domain *pt_owner, struct domain *page_owner, paddr_t at, pte_t new, bool preserve_ad);

/* The L1 entry that maps va in the current kernel tables. */
int pt_update_va_mapping(struct vcpu *v, struct domain *page_owner, uint64_t va, pte_t new);

/*
 * A write by the guest kernel to a read-only mapped L1 (or other) table at guest address va faulted and was decoded by
 * guest/pv/insn_decode.c: 'size' bytes (1, 2, 4, 8; within one entry). Compare-and-exchange: *old is what must be there
 * (low 'size' bytes), written back with what was there. 0: done (or compare failed: *swapped false); -EINVAL: not
 * a table of the current domain or the entry is refused (then the guest gets its #PF).
 */
int pt_update_emulated(struct vcpu *v, uint64_t va, uint64_t *old, uint64_t new, unsigned int size, bool *swapped);

/* Is va mapped read-only onto an L1..L4 table frame of the current domain? Cheap test before decoding an instruction. */
bool pt_update_is_table_write(struct vcpu *v, uint64_t va);

#endif
