/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/pv/pte_check.h"
#include "mm/layout.h"

/*
 * The PAT (cpu/x86.h, PAT_XEN) is indexed by PAT, PCD, PWT (SDM 3A 11.12.3). Entries 2, 3, 4, 6 and 7 are UC-, UC, WC,
 * UC, UC; the others (WB, WT, WP) may cache reads, which device registers do not survive.
 */
static bool pat_index_uncached(unsigned int index)
{
    return 0xdc >> index & 1;
}

static unsigned int pat_index(pte_t e)
{
    return (unsigned int)((e & PTE_PWT) / PTE_PWT | (e & PTE_PCD) / PTE_PCD << 1 | (e & PTE_PAT) / PTE_PAT << 2);
}

pte_t pte_check_io(pte_t e, bool read_only)
{
    if (read_only)
        e &= ~PTE_WRITE;
    if (!pat_index_uncached(pat_index(e)))
        e = (e & ~PTE_CACHE_BITS) | PTE_PCD | PTE_PWT;
    return e;
}

bool pte_check_hypervisor_slot(unsigned int slot)
{
    return slot >= HV_SLOT_FIRST && slot <= HV_SLOT_LAST;
}
