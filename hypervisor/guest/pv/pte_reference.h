/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a present L1 entry holds of the frame it maps: RAM: a general reference, and for a writable mapping one of
 * TYPE_WRITABLE; a frame that is not RAM: nothing, permission alone decides. (Entries of upper levels hold a type
 * reference of the next table: page_type.h.)
 */
#ifndef HAVEN_GUEST_PV_PTE_REFERENCE_H
#define HAVEN_GUEST_PV_PTE_REFERENCE_H

#include "domain/domain.h"
#include "guest/pv/page_type.h"
#include "guest/pv/pte_check.h"
#include "lib/compiler.h"
#include "mm/pte.h"

/* May d choose memory types in its entries: it owns I/O memory or ports. */
static inline bool pte_reference_cacheability(const struct domain *d)
{
    return d->iomem_allowed.count | d->ports_allowed.count;
}

/* The rest of pte_reference_get: devices, memory types, refusals. */
int pte_reference_get_other(struct domain *pt_owner, struct domain *page_owner, pte_t *e);

/*
 * Takes what entry *e, to be written into a table of pt_owner, must hold of a frame of page_owner. May take flags away
 * from *e (memory that is not RAM). -EBUSY: not page_owner's frame, or not to be written; -EPERM: no right to this I/O
 * memory; -EINVAL: no such frame; -EACCES: memory type of a page of the hypervisor.
 */
static inline int pte_reference_get(struct domain *pt_owner, struct domain *page_owner, pte_t *e)
{
    mfn_t mfn = pte_mfn(*e);

    if (likely(frame_is_ram(mfn)) && likely(!(*e & PTE_CACHE_BITS))) {
        struct frame *f = frame_of(mfn);
        if (likely(*e & PTE_WRITE ? page_type_get_writable(f, page_owner->id) : frame_get(f, page_owner->id)))
            return 0;
    }
    return pte_reference_get_other(pt_owner, page_owner, e);
}

/* Gives it back. Entries that are not present are let pass. */
static inline void pte_reference_put(pte_t e)
{
    mfn_t mfn = pte_mfn(e);

    if (!(e & PTE_PRESENT) || !frame_is_ram(mfn))
        return;
    if (e & PTE_WRITE)
        page_type_put_writable(frame_of(mfn));
    else
        frame_put(frame_of(mfn));
}

/* A writable entry became a read-only one of the same frame. */
static inline void pte_reference_drop_write(pte_t e)
{
    mfn_t mfn = pte_mfn(e);

    if (frame_is_ram(mfn))
        page_type_drop_writable(frame_of(mfn));
}

#endif
