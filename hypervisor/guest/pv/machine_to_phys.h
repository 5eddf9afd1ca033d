/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine-to-physical table: what its owner calls each frame. Guests read it; only its own entries mean something
 * to each. */
#ifndef HAVEN_GUEST_PV_MACHINE_TO_PHYS_H
#define HAVEN_GUEST_PV_MACHINE_TO_PHYS_H

#include "domain/domain.h"

/* MMU_MACHPHYS_UPDATE: a guest names a frame of d. -EINVAL: not d's. */
int machine_to_phys_update(struct domain *d, mfn_t m, uint64_t pfn);

#endif
