/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page types: who may use a domain's frame as what. The only writer of frame.type. Theory in page_type.c.
 * All take frames of 'd'; d->page_table_lock is held for the table and descriptor types. For TYPE_WRITABLE no lock is needed.
 */
#ifndef HAVEN_GUEST_PV_PAGE_TYPE_H
#define HAVEN_GUEST_PV_PAGE_TYPE_H

#include "domain/domain.h"
#include "mm/frame.h"
#include "mm/pte.h"

/*
 * Takes a reference of the type together with a general one. Promotes (validates) on the first: that can be long; with
 * preemptible true it may stop with -ERESTART (progress is kept in the frame) after its budget.
 * -EINVAL: wrong owner, contents refuse validation; -EBUSY: in use as another type.
 */
int page_type_get(struct domain *d, mfn_t mfn, uint64_t type, bool preemptible);

/* The reverse; the last reference of a table demotes it (drops what its entries hold). -ERESTART only if preemptible. */
int page_type_put(struct domain *d, struct frame *f, bool preemptible);

/* Pin: a type reference that belongs to the frame itself. */
int page_type_pin(struct domain *d, mfn_t mfn, uint64_t type);
int page_type_unpin(struct domain *d, mfn_t mfn);

/* Writable reference by any domain's mapping of d's frame: lock-free. General reference included. False: is in use as a table. */
bool page_type_get_writable(struct frame *f, domid_t owner);
void page_type_put_writable(struct frame *f);

/* Fresh frames of a domain that is being built are marked as validated tables without walking (boot/build_dom0.c). */
void page_type_set_built(struct frame *f, uint64_t type, uint32_t count, bool pinned);

/* Demotes everything for a dying domain; resumable: -ERESTART. */
int page_type_relinquish(struct domain *d);

void page_type_dump(struct domain *d);

#endif
