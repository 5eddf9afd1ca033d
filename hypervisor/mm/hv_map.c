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
 * hv_map_build.c makes the large areas while booting.
 */
#include "mm/hv_map.h"
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "lib/assert.h"
#include "lib/bits.h"
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

static uint64_t level_size(unsigned int level)
{
    return 1ULL << (PAGE_SHIFT + 9 * (level - 1));
}

/* Frame flags as an entry at 'level' has them: the PAT bit lies elsewhere in large pages (SDM 3A tables 4-16, 4-18). */
static uint64_t level_flags(uint64_t flags, unsigned int level)
{
    if (level == 1)
        return flags;
    return (flags & ~PTE_PAT) | PTE_PSE | (flags & PTE_PAT ? 1ULL << 12 : 0);
}

/* Cuts a large page into 512 of the next size with the same rights. */
static int split(pte_t *entry, unsigned int level)
{
    pte_t *table = table_alloc(), old = *entry;

    if (!table)
        return -ENOMEM;
    uint64_t flags = old & ~PTE_FRAME_MASK, address = old & PTE_FRAME_MASK & ~(1ULL << 12);
    uint64_t pat = old & 1ULL << 12;
    if (level == 2)
        flags = (flags & ~PTE_PSE) | (pat ? PTE_PAT : 0);
    else
        flags |= pat;
    for (unsigned int i = 0; i < PTE_ENTRIES; i++)
        table[i] = (address + i * level_size(level - 1)) | flags;
    /* The PAT bit of a large page is part of its frame field; the new entry is a plain pointer to a table. */
    pte_write(entry, direct_map_phys(table) | PTE_PRESENT | PTE_WRITE | (old & PTE_USER));
    return 0;
}

/* The entry for va at 'level', tables on the way made (or large pages split) if 'make'. NULL: not there; no memory. */
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
        } else if (l < 4 && (*entry & PTE_PSE)) {
            if (!make || split(entry, l))
                return NULL;
        }
        table = direct_map(*entry & PTE_FRAME_MASK);
    }
    return &table[pte_index(va, level)];
}

pte_t *hv_map_entry(uint64_t va, unsigned int level, bool user)
{
    return walk(va, level, true, user ? PTE_USER : 0);
}

mfn_t hv_map_m2p_chunk(unsigned int chunk)
{
    uint64_t va = M2P_RW_VIRT + chunk * MIB(2);
    pte_t *entry = va < M2P_RW_VIRT + (M2P_RO_VIRT_END - M2P_RO_VIRT) ? walk(va, 2, false, 0) : NULL;

    return entry && (*entry & PTE_PRESENT) ? pte_mfn(*entry) : MFN_INVALID;
}

static bool cpu_has_1gb_pages(void)
{
    return cpuid(0x80000000, 0).eax >= 0x80000001 && cpuid(0x80000001, 0).edx >> 26 & 1;
}

/* Largest page that fits at this place. A table that exists is used, even where a large page would fit. */
static unsigned int best_level(uint64_t va, paddr_t phys, uint64_t size, uint64_t user, bool large)
{
    if (!large)
        return 1;
    for (unsigned int level = cpu_has_1gb_pages() ? 3 : 2; level > 1; level--) {
        uint64_t page = level_size(level);
        if ((va | phys) & (page - 1) || size < page)
            continue;
        pte_t *entry = walk(va, level, true, user);
        if (entry && (!(*entry & PTE_PRESENT) || (*entry & PTE_PSE)))
            return level;
    }
    return 1;
}

int hv_map_range(uint64_t va, paddr_t phys, uint64_t size, uint64_t flags, bool large)
{
    int error = 0;

    ASSERT(!((va | phys | size) & (PAGE_SIZE - 1)) && va >= HV_VIRT_START && va + size <= HV_VIRT_END);
    spin_lock(&hv_map_lock);
    while (size) {
        unsigned int level = best_level(va, phys, size, flags & PTE_USER, large);
        pte_t *entry = walk(va, level, true, flags & PTE_USER);

        if (!entry) {
            error = -ENOMEM;
            break;
        }
        pte_write(entry, phys | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | level_flags(flags, level));
        va += level_size(level);
        phys += level_size(level);
        size -= level_size(level);
    }
    spin_unlock(&hv_map_lock);
    return error;
}

/* Clears entries; a large page that is only partly meant is split before. */
void hv_unmap_range(uint64_t va, uint64_t size)
{
    ASSERT(!((va | size) & (PAGE_SIZE - 1)));
    spin_lock(&hv_map_lock);
    while (size) {
        unsigned int level = 1;
        pte_t *entry = walk(va, 2, false, 0);

        if (entry && (*entry & PTE_PRESENT) && (*entry & PTE_PSE) && !(va & (MIB(2) - 1)) && size >= MIB(2))
            level = 2;
        else
            entry = walk(va, 1, entry && (*entry & PTE_PRESENT), 0);
        if (entry)
            pte_write(entry, 0);
        va += level_size(level);
        size -= MIN(size, level_size(level));
    }
    spin_unlock(&hv_map_lock);
    tlb_flush_global_all();
}

/*
 * Addresses for MMIO: single pages from the first 64 MiB of the dynamic area, requests of 2 MiB and more in units of 2
 * MiB from the 8 GiB behind it.
 */
#define MMIO_PAGES     16384
#define MMIO_UNITS     4096
#define MMIO_UNIT_VIRT (HV_MAP_VIRT + (uint64_t)MMIO_PAGES * PAGE_SIZE)

static uint64_t mmio_pages[BITS_TO_LONGS(MMIO_PAGES)], mmio_units[BITS_TO_LONGS(MMIO_UNITS)];

/* First run of n clear bits, which become set; size if there is none. */
static unsigned int claim_run(uint64_t *map, unsigned int size, unsigned int n)
{
    unsigned int start = bits_find_clear(map, size, 0);

    while (start + n <= size) {
        unsigned int end = bits_find_set(map, MIN(size, start + n), start);
        if (end == start + n) {
            for (unsigned int i = start; i < end; i++)
                bit_set(map, i);
            return start;
        }
        start = bits_find_clear(map, size, end);
    }
    return size;
}

static uint64_t mmio_address_claim(uint64_t size)
{
    bool units = size >= MIB(2);
    unsigned int total = units ? MMIO_UNITS : MMIO_PAGES;
    uint64_t n = units ? (size + MIB(2) - 1) / MIB(2) : size / PAGE_SIZE;

    if (n > total)
        return 0;
    spin_lock(&hv_map_lock);
    unsigned int at = claim_run(units ? mmio_units : mmio_pages, total, (unsigned int)n);
    spin_unlock(&hv_map_lock);
    if (at == total)
        return 0;
    return units ? MMIO_UNIT_VIRT + at * MIB(2) : HV_MAP_VIRT + at * PAGE_SIZE;
}

static void mmio_address_release(uint64_t va, uint64_t size)
{
    bool units = va >= MMIO_UNIT_VIRT;
    uint64_t *map = units ? mmio_units : mmio_pages;
    unsigned int at = (unsigned int)(units ? (va - MMIO_UNIT_VIRT) / MIB(2) : (va - HV_MAP_VIRT) / PAGE_SIZE);
    uint64_t n = units ? (size + MIB(2) - 1) / MIB(2) : size / PAGE_SIZE;

    spin_lock(&hv_map_lock);
    for (uint64_t i = 0; i < n; i++)
        bit_clear(map, at + (unsigned int)i);
    spin_unlock(&hv_map_lock);
}

void *hv_map_mmio(paddr_t phys, size_t size, enum hv_cache cache)
{
    /* Indexes into the PAT that the ABI prescribes (cpu/x86.h, PAT_XEN). */
    static const uint64_t cache_flags[] = {
        [HV_CACHE_WB] = 0,
        [HV_CACHE_UC] = PTE_PCD | PTE_PWT,
        [HV_CACHE_WC] = PTE_PAT,
    };
    paddr_t start = phys & PAGE_MASK;
    uint64_t length = ALIGN_UP(phys + size, PAGE_SIZE) - start;
    uint64_t va = mmio_address_claim(length);

    if (!va)
        return NULL;
    if (hv_map_range(va, start, length, PTE_WRITE | PTE_GLOBAL | PTE_NX | cache_flags[cache], true)) {
        hv_unmap_range(va, length);
        mmio_address_release(va, length);
        return NULL;
    }
    return (void *)(va + (phys - start));
}

void hv_unmap_mmio(void *va, size_t size)
{
    uint64_t start = (uint64_t)va & PAGE_MASK, length = ALIGN_UP((uint64_t)va + size, PAGE_SIZE) - start;

    hv_unmap_range(start, length);
    mmio_address_release(start, length);
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

    hv_unmap_range((uint64_t)_init_start, (uint64_t)(_init_end - _init_start));
    buddy_add_range(MFN(image_phys(_init_start) >> PAGE_SHIFT), MFN(image_phys(_init_end) >> PAGE_SHIFT));
}
