/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table entries: bits (SDM 3A 4.5) and the arithmetic of a four-level walk. Pure. */
#ifndef HAVEN_MM_PTE_H
#define HAVEN_MM_PTE_H

#include "lib/types.h"

typedef uint64_t pte_t;

#define PTE_PRESENT    0x001ULL
#define PTE_WRITE      0x002ULL
#define PTE_USER       0x004ULL
#define PTE_PWT        0x008ULL
#define PTE_PCD        0x010ULL
#define PTE_ACCESSED   0x020ULL
#define PTE_DIRTY      0x040ULL
#define PTE_PSE        0x080ULL /* L2, L3: superpage */
#define PTE_PAT        0x080ULL /* L1 */
#define PTE_GLOBAL     0x100ULL
#define PTE_AVAIL      0xe00ULL
#define PTE_NX         (1ULL << 63)
#define PTE_FRAME_MASK 0x000ffffffffff000ULL
#define PTE_AVAIL_HIGH 0x7ff0000000000000ULL /* bits 52..62: ignored by the CPU */

#define PTE_ENTRIES 512

static inline mfn_t pte_mfn(pte_t e)
{
    return MFN((e & PTE_FRAME_MASK) >> PAGE_SHIFT);
}

static inline pte_t pte_make(mfn_t m, uint64_t flags)
{
    return m.n << PAGE_SHIFT | flags;
}

static inline uint64_t pte_flags(pte_t e)
{
    return e & ~PTE_FRAME_MASK;
}

/* Index into the table of 'level' (1..4) for an address. */
static inline unsigned int pte_index(uint64_t va, unsigned int level)
{
    return va >> (PAGE_SHIFT + 9 * (level - 1)) & (PTE_ENTRIES - 1);
}

static inline pte_t pte_read(const pte_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void pte_write(pte_t *p, pte_t e)
{
    __atomic_store_n(p, e, __ATOMIC_RELAXED);
}

#endif
