/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's memory: allocation against its limit, the page list, claims, giving back. */
#ifndef HAVEN_LIFECYCLE_RESERVATION_H
#define HAVEN_LIFECYCLE_RESERVATION_H

#include "domain/domain.h"

void reservation_init(void);                  /* sets frame_released */
void reservation_domain_init(struct domain *d);

/* Allocates 2^order frames for d (state domain, FRAME_ALLOCATED | 1). NULL: over its limit, or none left. Contents zeroed. */
struct frame *reservation_alloc(struct domain *d, unsigned int order, unsigned int addr_bits);

/* Frames for the hypervisor that d may map (shared_info, grant frames): state shared. Zeroed. */
struct frame *reservation_alloc_shared(struct domain *d);
void reservation_free_shared(struct frame *f);

int reservation_set_max(struct domain *d, uint64_t pages);
int reservation_claim(struct domain *d, uint64_t pages);

/* Gives back all frames of a dying domain; resumable: -ERESTART. */
int reservation_relinquish(struct domain *d);

#endif
