/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table entries that map granted frames: the PV side of grant/map.c, called through pv_guest_ops. */
#ifndef HAVEN_GUEST_PV_GRANT_PTE_H
#define HAVEN_GUEST_PV_GRANT_PTE_H

#include "domain/vcpu.h"

/*
 * v is current. host_addr: a guest address whose L1 entry is written, or with GNTMAP_contains_pte the machine address
 * of an entry in an L1 table of the current domain. flags: GNTMAP_*. Returns GNTST_okay or GNTST_general_error. The
 * caller holds references on the frame and has checked the right to map it.
 */
int grant_pte_map(struct vcpu *v, uint64_t host_addr, mfn_t frame, unsigned int flags, unsigned int cache_attr);

/*
 * Removes the entry, which must still map the frame in the way that flags say; what new_addr maps moves to its place,
 * if not 0 (unmap and replace). No TLB is flushed: the caller does so before it gives its references back.
 */
int grant_pte_unmap(struct vcpu *v, uint64_t host_addr, uint64_t new_addr, mfn_t frame, unsigned int flags);

#endif
