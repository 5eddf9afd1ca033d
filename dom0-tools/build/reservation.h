/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a guest under construction: claimed first, so that two creates cannot take it from each other half-way,
 * then populated in pieces as large as the hypervisor has them. p2m tells for each page of the guest (pfn) which
 * machine frame it is.
 */
#ifndef HAVEN_BUILD_RESERVATION_H
#define HAVEN_BUILD_RESERVATION_H

#include "libhv/failure.h"
#include "libhv/hypervisor.h"

/* All of it or nothing: -1 with errno, ENOMEM when so much is not free. pages 0: gives back what is left of it. */
int reservation_try_claim(struct hypervisor *hv, unsigned domid, uint64_t pages);
/* When the memory is there. */
int reservation_end_claim(struct hypervisor *hv, unsigned domid, struct failure *failure);

/* Fills p2m[0..pages). On failure the domain keeps what it got: destroying it is the undoing. */
int reservation_populate(struct hypervisor *hv, unsigned domid, uint64_t pages, xen_pfn_t *p2m,
                         struct failure *failure);

#endif
