/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest may write into a page-table entry, and what the hardware gets for it. Pure. What a present entry may
 * refer to is checked elsewhere (pte_reference.c, page_type.c); entries that are not present are the guest's own
 * business.
 */
#ifndef HAVEN_GUEST_PV_PTE_CHECK_H
#define HAVEN_GUEST_PV_PTE_CHECK_H

#include "lib/types.h"
#include "mm/pte.h"

#define PTE_CACHE_BITS (PTE_PWT | PTE_PCD | PTE_PAT) /* L1 only: in upper levels bit 7 is PSE */

/* Without a word from the hypervisor's side: all but superpages, cacheability and, in upper levels, GLOBAL. */
#define PTE_ALLOWED_UPPER                                                                                              \
    (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY | PTE_AVAIL | PTE_AVAIL_HIGH | PTE_NX)
#define PTE_ALLOWED_L1 (PTE_ALLOWED_UPPER | PTE_GLOBAL)

/*
 * May a guest have these flags in a present entry of this level? cacheability: it may choose memory types (it owns
 * devices).
 */
static inline bool pte_check_flags(unsigned int level, pte_t e, bool cacheability)
{
    pte_t allowed = level > 1 ? PTE_ALLOWED_UPPER : PTE_ALLOWED_L1;

    if (level == 1 && cacheability)
        allowed |= PTE_CACHE_BITS;
    return !(pte_flags(e) & ~allowed);
}

/*
 * A present entry as the hardware gets it, and as the guest reads it back: USER, because the guest's kernel runs in
 * ring 3 too; never GLOBAL, because a change of tables must change all that the guest sees.
 */
static inline pte_t pte_check_hardware(pte_t e)
{
    return (e | PTE_USER) & ~PTE_GLOBAL;
}

/*
 * Flags that can change without a change of what the entry refers to or in which way. WRITE is one in upper levels,
 * where the reference to the next table is the same; in L1 it is the difference between two kinds of references.
 */
#define PTE_FREE_FLAGS       (PTE_NX | PTE_AVAIL_HIGH | PTE_AVAIL | PTE_GLOBAL | PTE_ACCESSED | PTE_DIRTY | PTE_USER)
#define PTE_FREE_FLAGS_UPPER (PTE_FREE_FLAGS | PTE_WRITE)

/* An L1 entry that maps a frame which is not RAM: uncached unless the guest asked for a type that is; no write if
 * read_only. */
pte_t pte_check_io(pte_t e, bool read_only);

/* Slots of a top-level table that are the hypervisor's (mm/layout.h). */
bool pte_check_hypervisor_slot(unsigned int slot);

#endif
