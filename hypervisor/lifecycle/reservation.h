/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's memory: allocation against its limit, the page list, claims, exchange, giving back. Theory in
 * reservation.c.
 */
#ifndef HAVEN_LIFECYCLE_RESERVATION_H
#define HAVEN_LIFECYCLE_RESERVATION_H

#include "domain/domain.h"

void reservation_init(void); /* sets frame_released, and whom the log names */
void reservation_domain_init(struct domain *d);

/*
 * Allocates 2^order frames for d (state domain, FRAME_ALLOCATED | 1). NULL: over its limit, dying, or none left.
 * Contents are zeroed; a privileged domain's only where another domain wrote before: fresh memory is then as the
 * firmware left it.
 */
struct frame *reservation_alloc(struct domain *d, unsigned int order, unsigned int addr_bits);

/* d gives up frame mfn; it is free when nobody uses it any more. -EINVAL: not d's, or given up before. */
int reservation_give_up(struct domain *d, mfn_t mfn);

int reservation_set_max(struct domain *d, uint64_t pages); /* limit, and what XENMEM_maximum_reservation answers */
int reservation_claim(struct domain *d, uint64_t pages);   /* what d has already counts; 0: no claim */

/*
 * Exchange: frames that nobody else uses are withheld first (then no reference can be taken), and either given away for
 * others of the same number, or restored.
 */
bool reservation_withhold(struct domain *d, mfn_t mfn);
void reservation_restore(struct domain *d, mfn_t mfn);
/* Fresh frames for an exchange: not d's yet. */
struct frame *reservation_alloc_unassigned(struct domain *d, unsigned int order, unsigned int addr_bits);
void reservation_free_unassigned(struct frame *f, unsigned int order);
/*
 * The withheld frames 'old' go, the blocks 'fresh' (2^order frames each, 'count' frames in all) become d's. -ESRCH: d
 * is dying; then nothing happened.
 */
int reservation_replace(struct domain *d, const uint64_t *old, struct frame **fresh, unsigned int order,
                        uint64_t count);

/* A dying domain gives up all its frames; resumable: -ERESTART. What others still map follows when they let go. */
int reservation_relinquish(struct domain *d);
/* Then it is dead. True: no frame is left; else the last one to go raises SOFTIRQ_DOMAIN_END. */
bool reservation_set_dead(struct domain *d);

uint64_t reservation_claimed(void); /* frames that no other domain may take, of those that are free */

#endif
