/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's own mappings: the part of the address space that mm/layout.h draws. One set of tables, whose
 * top-level entries (slots 256..271) are copied into every top-level table. All L3 tables of these slots exist before
 * the first guest table is made, so that the copies never go stale.
 */
#ifndef HAVEN_MM_HV_MAP_H
#define HAVEN_MM_HV_MAP_H

#include "lib/types.h"
#include "mm/pte.h"

enum hv_cache { HV_CACHE_WB, HV_CACHE_UC };

/*
 * Early: builds direct map, frame table, M2P (both views) from the memory map; switches CR3 to the new tables, which
 * keep an identity map of the first GiB until hv_map_protect. Then all RAM that is not reserved (mm/early.h) goes to
 * the buddy allocator.
 */
void hv_map_init(void);

/* The top-level table of idle vCPUs and of CPUs that are starting: hypervisor slots only. */
extern pte_t *hv_top_table;
paddr_t hv_top_table_phys(void);

/* Fills slots 256..271 of a top-level table; without the guests' view of the M2P, which is for kernels. */
void hv_map_fill_slots(pte_t *top);
void hv_map_m2p_slot(pte_t *top, bool visible);

/* Maps [phys, phys + size) at va (all 4 KiB aligned) with PTE_* flags (PTE_PRESENT implied). -ENOMEM. */
int hv_map_range(uint64_t va, paddr_t phys, uint64_t size, uint64_t flags);

/* MMIO: a fresh address in the dynamic area for any physical range (need not be aligned). NULL: out of memory. */
void *hv_map_mmio(paddr_t phys, size_t size, enum hv_cache cache);
void hv_unmap_mmio(void *va, size_t size);

/* First frame of the 2 MiB of the M2P that describe machine frames chunk * 2^18 and on; MFN_INVALID: there is no RAM.
 */
mfn_t hv_map_m2p_chunk(unsigned int chunk);
#define HV_MAP_M2P_CHUNK_FRAMES (1ULL << 18)

/* Set by hv_map_build.c while there is no heap: a zeroed page for a table. */
extern pte_t *(*hv_map_early_table)(void);

/* For hv_map_build.c: the entry for va at 'level', with tables on the way made. NULL: no memory. Not locked. */
pte_t *hv_map_entry(uint64_t va, unsigned int level, bool user);

/* PTE slot of one of this CPU's GDT or LDT window pages (cpu/desc.h), for fast writes at a context switch. */
pte_t *hv_map_cpu_window_ptes(unsigned int cpu);

/* Text and rodata become read-only, everything else no-execute; the identity map of the boot goes. */
void hv_map_protect(void);

/* Frees the image's init sections to the allocator; called last of all boot steps. */
void hv_map_free_init(void);

#endif
