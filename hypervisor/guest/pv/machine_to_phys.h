/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine-to-physical table: what its owner calls each frame. Guests read it; only its own entries mean something
 * to each. */
#ifndef HAVEN_GUEST_PV_MACHINE_TO_PHYS_H
#define HAVEN_GUEST_PV_MACHINE_TO_PHYS_H

#include "domain/domain.h"
#include "mm/layout.h"

/* The hypervisor's own writes, for frames that it hands out or takes back. */
static inline void machine_to_phys_write(mfn_t m, uint64_t pfn)
{
    __atomic_store_n((uint64_t *)M2P_RW_VIRT + m.n, pfn, __ATOMIC_RELAXED);
}

/* MMU_MACHPHYS_UPDATE: a guest names a frame of d. -EINVAL: not d's. */
int machine_to_phys_update(struct domain *d, mfn_t m, uint64_t pfn);

#endif
