/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's own page tables.
 *
 * One tree hangs under hv_top_table. Its top-level entries for slots 256..271 are copied into every guest's top-level
 * table when that is validated, so they may not change afterwards: hv_map_init makes the L3 tables of all slots that
 * will ever be used, and a mapping in another slot is a bug. Tables below are never freed; their entries come and go.
 *
 * All mappings but the CPU windows and the guest-readable M2P are global, supervisor-only; only the image's text is
 * executable. The lock guards changes of the tree; walks by hardware need none.
 *
 * hv_map_build.c makes the large areas while booting; what comes later is mapped by 4 KiB pages.
 */
#include "mm/hv_map.h"
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/heap.h"
#include "mm/layout.h"
#include "mm/tlb.h"

pte_t *hv_top_table;

static struct spinlock hv_map_lock = SPINLOCK_INIT(LOCK_LEVEL_HV_MAP);

paddr_t hv_top_table_phys(void)
{
    return direct_map_phys(hv_top_table);
}

void hv_map_m2p_slot(pte_t *top, bool visible)
{
    pte_write(&top[pte_index(M2P_RO_VIRT, 4)], visible ? hv_top_table[pte_index(M2P_RO_VIRT, 4)] : 0);
}

void hv_map_fill_slots(pte_t *top)
{
    memcpy(top + HV_SLOT_FIRST, hv_top_table + HV_SLOT_FIRST, (HV_SLOT_LAST - HV_SLOT_FIRST + 1) * sizeof(pte_t));
    hv_map_m2p_slot(top, false);
}

pte_t *(*hv_map_early_table)(void);

/* A zeroed page for a table; NULL if out of memory. */
static pte_t *table_alloc(void)
{
    return hv_map_early_table ? hv_map_early_table() : heap_alloc_pages(0);
}

/* The entry for va at 'level', tables on the way made if 'make'. NULL: not there; no memory. */
static pte_t *walk(uint64_t va, unsigned int level, bool make, uint64_t user)
{
    pte_t *table = hv_top_table;

    for (unsigned int l = 4; l > level; l--) {
        pte_t *entry = &table[pte_index(va, l)];

        if (!(*entry & PTE_PRESENT)) {
            if (!make)
                return NULL;
            ASSERT(l < 4 || hv_map_early_table);
            pte_t *next = table_alloc();
            if (!next)
                return NULL;
            pte_write(entry, direct_map_phys(next) | PTE_PRESENT | PTE_WRITE | user);
        }
        ASSERT(l == 4 || !(*entry & PTE_PSE)); /* what is mapped by large pages stays so */
        table = direct_map(*entry & PTE_FRAME_MASK);
    }
    return &table[pte_index(va, level)];
}

pte_t *__init hv_map_entry(uint64_t va, unsigned int level, bool user)
{
    return walk(va, level, true, user ? PTE_USER : 0);
}

mfn_t hv_map_m2p_chunk(unsigned int chunk)
{
    uint64_t va = M2P_RW_VIRT + chunk * MIB(2);
    pte_t *entry = va < M2P_RW_VIRT + (M2P_RO_VIRT_END - M2P_RO_VIRT) ? walk(va, 2, false, 0) : NULL;

    return entry && (*entry & PTE_PRESENT) ? pte_mfn(*entry) : MFN_INVALID;
}

int hv_map_range(uint64_t va, paddr_t phys, uint64_t size, uint64_t flags)
{
    int error = 0;

    ASSERT(!((va | phys | size) & (PAGE_SIZE - 1)) && va >= HV_VIRT_START && va + size <= HV_VIRT_END);
    spin_lock(&hv_map_lock);
    for (uint64_t at = 0; at < size && !error; at += PAGE_SIZE) {
        pte_t *entry = walk(va + at, 1, true, 0);

        if (entry)
            pte_write(entry, (phys + at) | flags | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY);
        else
            error = -ENOMEM;
    }
    spin_unlock(&hv_map_lock);
    return error;
}

static void unmap_range(uint64_t va, uint64_t size)
{
    spin_lock(&hv_map_lock);
    for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
        pte_t *entry = walk(va + at, 1, false, 0);
        if (entry)
            pte_write(entry, 0);
    }
    spin_unlock(&hv_map_lock);
    tlb_flush_mask(~0ULL, TLB_GLOBAL);
}

/* Addresses for MMIO: pages of the dynamic area; hv_map_lock. */
#define MMIO_PAGES 16384
static bool mmio_used[MMIO_PAGES];

/* The first run of n free pages, which become used; MMIO_PAGES if there is none. */
static uint64_t mmio_claim(uint64_t n)
{
    uint64_t start = 0, end = 0;

    spin_lock(&hv_map_lock);
    while (end < MMIO_PAGES && end - start < n)
        if (mmio_used[end++])
            start = end;
    if (end - start < n)
        start = end = MMIO_PAGES;
    memset(mmio_used + start, true, end - start);
    spin_unlock(&hv_map_lock);
    return start;
}

void *hv_map_mmio(paddr_t phys, size_t size, enum hv_cache cache)
{
    paddr_t start = phys & PAGE_MASK;
    uint64_t length = ALIGN_UP(phys + size, PAGE_SIZE) - start;
    uint64_t page = mmio_claim(length >> PAGE_SHIFT);
    uint64_t va = HV_MAP_VIRT + page * PAGE_SIZE + (phys - start);

    if (page == MMIO_PAGES)
        return NULL;
    if (hv_map_range(va & PAGE_MASK, start, length,
                     PTE_WRITE | PTE_GLOBAL | PTE_NX | (cache == HV_CACHE_UC ? PTE_PCD | PTE_PWT : 0))) {
        hv_unmap_mmio((void *)va, size);
        return NULL;
    }
    return (void *)va;
}

void hv_unmap_mmio(void *va, size_t size)
{
    uint64_t start = (uint64_t)va & PAGE_MASK, length = ALIGN_UP((uint64_t)va + size, PAGE_SIZE) - start;

    unmap_range(start, length);
    spin_lock(&hv_map_lock);
    memset(mmio_used + (start - HV_MAP_VIRT) / PAGE_SIZE, false, length / PAGE_SIZE);
    spin_unlock(&hv_map_lock);
}

/* The window's L1 table is made at the first call, before the CPU comes up. */
pte_t *hv_map_cpu_window_ptes(unsigned int cpu)
{
    static pte_t *window[CPU_MAX];

    if (!window[cpu]) {
        spin_lock(&hv_map_lock);
        window[cpu] = walk(cpu_window_gdt(cpu), 1, true, 0);
        spin_unlock(&hv_map_lock);
    }
    return window[cpu];
}

void hv_map_free_init(void)
{
    extern char _init_start[], _init_end[];

    unmap_range((uint64_t)_init_start, (uint64_t)(_init_end - _init_start));
    buddy_add_range(MFN(image_phys(_init_start) >> PAGE_SHIFT), MFN(image_phys(_init_end) >> PAGE_SHIFT));
}
