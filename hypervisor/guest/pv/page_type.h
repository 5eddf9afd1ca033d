/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page types: who may use a domain's frame as what. The only writer of frame.type. Theory in page_type.c.
 * Table and descriptor types need the owner's page_table_lock: "locked" below means that the caller holds it.
 * References of TYPE_WRITABLE need no lock.
 */
#ifndef HAVEN_GUEST_PV_PAGE_TYPE_H
#define HAVEN_GUEST_PV_PAGE_TYPE_H

#include "domain/domain.h"
#include "mm/frame.h"
#include "mm/pte.h"

/*
 * Locked. Takes a reference of the type together with a general one. Promotes (validates) on the first: that can be
 * long; with preemptible true it may stop with -ERESTART (progress is kept in the frame, call again) after its budget.
 * -EINVAL: wrong owner, in use as another type, or contents refuse validation (that of the first bad entry: -EBUSY,
 * -EPERM). After an error the frame may be left unfinished (page_type_unfinished): the caller sees to page_type_finish.
 */
int page_type_get(struct domain *d, mfn_t mfn, uint64_t type, bool preemptible);

/*
 * Locked. The reverse; the last reference of a table demotes it (drops what its entries hold). The reference is gone in
 * any case. -ERESTART only if preemptible: the demotion is unfinished, the caller sees to page_type_finish.
 */
int page_type_put(struct domain *d, struct frame *f, bool preemptible);

/* Without the lock, for the common case that neither promotes nor demotes; false: nothing was done, take the long way.
 */
bool page_type_get_shared(struct domain *d, mfn_t mfn, uint64_t type);
bool page_type_put_shared(struct frame *f);

/*
 * Not locked. A frame of d that is about to be promoted, or to become writable after it was a table: does now the flush
 * that this needs. The change itself looks again, and then has nobody to wait for with the lock held. Only a hint: the
 * frame may change meanwhile.
 */
void page_type_flush_ahead(const struct domain *d, mfn_t mfn);

/* Locked. Pin: a type reference that belongs to the frame itself. -ERESTART as in get and put. */
int page_type_pin(struct domain *d, mfn_t mfn, uint64_t type);
int page_type_unpin(struct domain *d, mfn_t mfn);

/* A frame of d whose promotion failed, or whose demotion stopped. page_type_finish takes the lock; -ERESTART: once
 * more. */
bool page_type_unfinished(struct domain *d, mfn_t mfn);
int page_type_finish(struct domain *d, mfn_t mfn);

/*
 * Writable reference by any domain's mapping of the owner's frame: lock-free. General reference included. False: is in
 * use as a table; or one of the hypervisor's frames that control domains may look at (owner DOMID_XEN).
 */
bool page_type_get_writable(struct frame *f, domid_t owner);
void page_type_put_writable(struct frame *f);
/* The general reference stays. */
void page_type_drop_writable(struct frame *f);

/* Unpins and finishes everything of a dying domain; takes the lock; resumable: -ERESTART. */
int page_type_relinquish(struct domain *d);

void page_type_dump(struct domain *d);

static inline uint64_t page_type_of_level(unsigned int level)
{
    return (uint64_t)level << 60;
}

/* The level of a frame that is a validated page table, else 0. Stable under the owner's lock. */
static inline unsigned int page_type_table_level(uint64_t type_word)
{
    unsigned int level = (unsigned int)(type_word >> 60);

    return level <= 4 && (type_word & TYPE_VALIDATED) ? level : 0;
}

_Static_assert(TYPE_L1 == 1ULL << 60 && TYPE_L4 == 4ULL << 60, "page table types are their levels");

#endif
