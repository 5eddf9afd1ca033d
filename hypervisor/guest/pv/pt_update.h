/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of entries in page tables: decode and check (pte_check.h), take the references of the new entry, write, drop
 * those of the old one. Each function takes the page-table lock of the table's owner.
 *
 * 'v' is the vCPU that does it (the current one). Work that had to stop half-way is noted in it: each hypercall that
 * changes tables first calls pt_update_finish, and is continued if that returns -ERESTART.
 */
#ifndef HAVEN_GUEST_PV_PT_UPDATE_H
#define HAVEN_GUEST_PV_PT_UPDATE_H

#include "domain/vcpu.h"
#include "lib/compiler.h"
#include "mm/pte.h"

/*
 * Carries out a run of requests (mmu_update), from the first on as long as they are for entries and succeed, adding to
 * *done: writes req.val to the entry at machine address req.ptr, which must lie in a table (any level) of pt_owner.
 * Frames that the entry maps belong to page_owner (pt_owner's own, or foreign for control domains). With
 * MMU_PT_UPDATE_PRESERVE_AD the A and D bits of the old entry stay. A frame that is no table, but could be written, is
 * written as it is. -ERESTART: call again. 0 does not mean all: it may stop at a request of another kind, or because a
 * table is left unfinished.
 */
int pt_update_entries(struct vcpu *v, struct domain *pt_owner, struct domain *page_owner, const struct mmu_update *req,
                      unsigned int count, unsigned int *done);

/* Is this a request for pt_update_entries. */
static inline bool pt_update_is_entry(const struct mmu_update *req)
{
    unsigned int cmd = req->ptr & (sizeof(pte_t) - 1);

    return cmd <= MMU_PT_UPDATE_NO_TRANSLATE && cmd != MMU_MACHPHYS_UPDATE;
}

/* The L1 entry that maps va in the current kernel tables. */
int pt_update_va_mapping(struct vcpu *v, struct domain *page_owner, uint64_t va, pte_t new);

/*
 * A write by the guest kernel to a read-only mapped L1 table at guest address va faulted and was decoded by
 * guest/pv/insn_decode.c: 'size' bytes (1, 2, 4, 8; within one entry). Compare-and-exchange: *old is what must be there
 * (low 'size' bytes), written back with what was there. 0: done (or compare failed: *swapped false); -EINVAL: not
 * a table of the current domain or the entry is refused (then the guest gets its #PF).
 */
int pt_update_emulated(struct vcpu *v, uint64_t va, uint64_t *old, uint64_t new, unsigned int size, bool *swapped);

/*
 * Is va mapped read-only onto an L1 table frame of the current domain? Cheap test before decoding an instruction.
 * Writes to higher tables are the guest's own fault, as on Xen.
 */
bool pt_update_is_table_write(struct vcpu *v, uint64_t va);

/* MMUEXT_PIN_*, UNPIN. -ERESTART: call again. */
int pt_update_pin(struct vcpu *v, struct domain *d, mfn_t mfn, unsigned int level);
int pt_update_unpin(struct vcpu *v, struct domain *d, mfn_t mfn);

/*
 * Whose frames an update is about (foreigndom of the hypercalls): a domain, DOMID_IO, DOMID_XEN. NULL and *error:
 * -ESRCH, -EPERM (only control domains name others). Release it with pt_update_owner_put.
 */
struct domain *pt_update_foreign_get(struct vcpu *v, domid_t id, int *error);
void pt_update_foreign_put(struct domain *d);

static inline struct domain *pt_update_owner_get(struct vcpu *v, domid_t id, int *error)
{
    return likely(id == DOMID_SELF) ? v->domain : pt_update_foreign_get(v, id, error);
}

static inline void pt_update_owner_put(struct vcpu *v, struct domain *d)
{
    if (unlikely(d != v->domain))
        pt_update_foreign_put(d);
}

/* As page_type_get and _put, preemptible; a table that they leave unfinished is noted in v. Locked. */
int pt_update_type_get(struct vcpu *v, struct domain *d, mfn_t mfn, uint64_t type);
void pt_update_type_put(struct vcpu *v, struct domain *d, struct frame *f);

int pt_update_finish_noted(struct vcpu *v);

static inline int pt_update_finish(struct vcpu *v)
{
    return likely(!v->pv.unfinished_table.n) ? 0 : pt_update_finish_noted(v);
}

#endif
