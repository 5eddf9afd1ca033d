/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine-to-physical table: for each frame of RAM the number by which its owner calls it. The hypervisor only
 * stores it; guests read it through their read-only view. Frames without an owner have M2P_INVALID_ENTRY.
 */
#ifndef HAVEN_MM_M2P_H
#define HAVEN_MM_M2P_H

#include "lib/compiler.h"
#include "mm/layout.h"

/* m must be RAM (frame_is_ram): the writable view has nothing elsewhere. */
static inline void m2p_set(mfn_t m, uint64_t pfn)
{
    WRITE_ONCE(((uint64_t *)M2P_RW_VIRT)[m.n], pfn);
}

#endif
