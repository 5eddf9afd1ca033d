/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The large areas of the hypervisor's address space, made once while booting from the memory map: direct map, frame
 * table, machine-to-physical table (M2P), image. All frames come from the early allocator.
 *
 * Holes. The machine map has holes between RAM and above it, and both tables are indexed by frame number. Entries of
 * holes are all alike (in the frame table "not RAM", in the M2P all ones), so the holes are backed by one read-only
 * page, entered everywhere through one shared L1 (and L2) table. The guests' view of the M2P is filled so up to its
 * end: kernels look up the frames of devices there, and a fault each time would cost far more than these three pages.
 */
#include "cpu/x86.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/early.h"
#include "mm/frame.h"
#include "mm/hv_map.h"
#include "mm/layout.h"
#include "mm/memory_map.h"
#include "mm/tlb.h"

extern char _start_image[], _image_end[], _text_start[], _text_end[], _rodata_start[], _rodata_end[], _data_start[];

/* Larger reserved regions are windows of buses, not tables of the firmware that somebody may want to read. */
#define RESERVED_MAPPED_MAX MIB(64)
#define FRAMES_PER_LARGE    512
#define M2P_PER_FRAME       8

#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)
#define DATA_FLAGS  (PTE_WRITE | PTE_GLOBAL | PTE_NX)
#define HOLE_FLAGS  (PTE_PRESENT | PTE_NX | PTE_ACCESSED)

static uint64_t overhead __initdata; /* bytes of frame table and M2P */

static __init bool range_has_ram(uint64_t start, uint64_t end)
{
    for (unsigned int i = 0; i < memory_map.count; i++) {
        const struct memory_region *r = &memory_map.region[i];
        if (r->type == MEMORY_RAM && r->start < end && r->start + r->size > start)
            return true;
    }
    return false;
}

static uint64_t __init level_size(unsigned int level)
{
    return 1ULL << (PAGE_SHIFT + 9 * (level - 1));
}

static bool __init cpu_has_1gb_pages(void)
{
    return cpuid(0x80000000, 0).eax >= 0x80000001 && cpuid(0x80000001, 0).edx >> 26 & 1;
}

/* Largest page that fits at this place. A table that exists is used, even where a large page would fit. */
static unsigned int __init best_level(uint64_t va, paddr_t phys, uint64_t size, bool user)
{
    for (unsigned int level = cpu_has_1gb_pages() ? 3 : 2; level > 1; level--) {
        uint64_t page = level_size(level);
        if ((va | phys) & (page - 1) || size < page)
            continue;
        pte_t *entry = hv_map_entry(va, level, user);
        if (entry && (!(*entry & PTE_PRESENT) || (*entry & PTE_PSE)))
            return level;
    }
    return 1;
}

static void __init map_large(uint64_t va, paddr_t phys, uint64_t size, uint64_t flags)
{
    while (size) {
        unsigned int level = best_level(va, phys, size, flags & PTE_USER);
        uint64_t page = level_size(level);

        *hv_map_entry(va, level, flags & PTE_USER) =
            phys | flags | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | (level > 1 ? PTE_PSE : 0);
        va += page;
        phys += page;
        size -= page;
    }
}

static void __init map_small(uint64_t va, paddr_t phys, uint64_t size, uint64_t flags)
{
    if (hv_map_range(va, phys, size, flags))
        panic("out of memory for the hypervisor's page tables");
}

static pte_t *__init early_table(void)
{
    return direct_map(mm_early_alloc(0));
}

/* A table whose 512 entries are all the same. */
static __init paddr_t uniform_table(pte_t entry)
{
    paddr_t p = mm_early_alloc(0);
    pte_t *table = direct_map(p);

    for (unsigned int i = 0; i < PTE_ENTRIES; i++)
        table[i] = entry;
    return p;
}

static __init void build_direct_map(void)
{
    uint64_t limit = DIRECT_MAP_VIRT_END - DIRECT_MAP_VIRT;

    map_small(DIRECT_MAP_VIRT, 0, MM_LOW_END, DATA_FLAGS);
    for (unsigned int i = 0; i < memory_map.count; i++) {
        const struct memory_region *r = &memory_map.region[i];
        uint64_t start = MAX(ALIGN_DOWN(r->start, PAGE_SIZE), (uint64_t)MM_LOW_END);
        uint64_t end = MIN(ALIGN_UP(r->start + r->size, PAGE_SIZE), limit);

        if (start >= end || (r->type != MEMORY_RAM && r->size > RESERVED_MAPPED_MAX))
            continue;
        map_large(DIRECT_MAP_VIRT + start, start, end - start, DATA_FLAGS);
    }
}

/* Executable as a whole until hv_map_protect: init code runs from here. In the direct map
 * the same, in small pages, before large ones are made there: hv_map_protect sets their rights one by one. */
static __init void build_image_map(void)
{
    uint64_t size = (uint64_t)(_image_end - _start_image);

    map_small(IMAGE_VIRT, IMAGE_PHYS, size, PTE_WRITE | PTE_GLOBAL);
    map_small(DIRECT_MAP_VIRT + IMAGE_PHYS, IMAGE_PHYS, size, DATA_FLAGS);
}

static __init void fill_io_frames(struct frame *f, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        f[i] = (struct frame){.owner = DOMID_IO, .state = FRAME_IO};
}

static __init void build_frame_table(void)
{
    uint64_t bytes = ALIGN_UP(frame_table_max * sizeof(struct frame), MIB(2));
    uint64_t frames_per_page = MIB(2) / sizeof(struct frame);
    paddr_t hole = 0;

    for (uint64_t at = 0; at < bytes; at += MIB(2)) {
        uint64_t first = at / sizeof(struct frame) << PAGE_SHIFT;

        if (range_has_ram(first, first + (frames_per_page << PAGE_SHIFT))) {
            paddr_t p = mm_early_alloc(9);
            fill_io_frames(direct_map(p), frames_per_page);
            map_large(FRAME_TABLE_VIRT + at, p, MIB(2), DATA_FLAGS);
            overhead += MIB(2);
            continue;
        }
        if (!hole) {
            paddr_t page = mm_early_alloc(0);
            fill_io_frames(direct_map(page), PAGE_SIZE / sizeof(struct frame));
            hole = uniform_table(page | HOLE_FLAGS);
        }
        *hv_map_entry(FRAME_TABLE_VIRT + at, 2, false) = hole | TABLE_FLAGS;
    }
}

static __init void build_m2p(void)
{
    uint64_t span = M2P_RO_VIRT_END - M2P_RO_VIRT;
    uint64_t chunk_bytes = HV_MAP_M2P_CHUNK_FRAMES << PAGE_SHIFT;
    paddr_t ones = mm_early_alloc(0);
    memset(direct_map(ones), 0xff, PAGE_SIZE);
    paddr_t hole_l1 = uniform_table(ones | HOLE_FLAGS | PTE_USER);
    paddr_t hole_l2 = uniform_table(hole_l1 | TABLE_FLAGS | PTE_USER);

    for (uint64_t at = 0; at < span; at += GIB(1)) {
        if (!range_has_ram(at / M2P_PER_FRAME << PAGE_SHIFT, (at + GIB(1)) / M2P_PER_FRAME << PAGE_SHIFT)) {
            *hv_map_entry(M2P_RO_VIRT + at, 3, true) = hole_l2 | TABLE_FLAGS | PTE_USER;
            continue;
        }
        for (uint64_t in = at; in < at + GIB(1); in += MIB(2)) {
            uint64_t start = in / M2P_PER_FRAME << PAGE_SHIFT;

            if (!range_has_ram(start, start + chunk_bytes)) {
                *hv_map_entry(M2P_RO_VIRT + in, 2, true) = hole_l1 | TABLE_FLAGS | PTE_USER;
                continue;
            }
            paddr_t p = mm_early_alloc(9);
            memset(direct_map(p), 0xff, MIB(2));
            map_large(M2P_RO_VIRT + in, p, MIB(2), PTE_USER | PTE_NX); /* not global: some tables hide it */
            map_large(M2P_RW_VIRT + in, p, MIB(2), DATA_FLAGS);
            overhead += MIB(2);
        }
    }
}

/* Every slot that is ever used gets its L3 table now: see hv_map.c. */
static __init void build_top_level(void)
{
    uint64_t top = hv_map_entry(CPU_WINDOW_VIRT, 3, false) && hv_map_entry(HV_MAP_VIRT, 3, false) &&
                   hv_map_entry(M2P_RW_VIRT, 3, false);

    ASSERT(top && pte_index(HV_MAP_VIRT, 4) == pte_index(FRAME_TABLE_VIRT, 4));
}

static __init void build_identity_map(void)
{
    paddr_t l3 = mm_early_alloc(0), l2 = mm_early_alloc(0);
    pte_t *entries = direct_map(l2);

    for (unsigned int i = 0; i < PTE_ENTRIES; i++)
        entries[i] = i * MIB(2) | TABLE_FLAGS | PTE_PSE;
    *(pte_t *)direct_map(l3) = l2 | TABLE_FLAGS;
    hv_top_table[0] = l3 | TABLE_FLAGS;
}

/* All RAM is the hypervisor's until it is given away; M2P frames are what control domains may map. */
static __init void set_frame_states(void)
{
    for (unsigned int i = 0; i < memory_map.count; i++) {
        const struct memory_region *r = &memory_map.region[i];
        uint64_t first = MAX(ALIGN_UP(r->start, PAGE_SIZE), (uint64_t)MM_LOW_END) >> PAGE_SHIFT;
        uint64_t end = MIN((r->start + r->size) >> PAGE_SHIFT, frame_table_max);

        if (r->type != MEMORY_RAM)
            continue;
        for (uint64_t n = first; n < end; n++) {
            struct frame *f = frame_of(MFN(n));
            f->state = FRAME_HYPERVISOR;
            f->owner = DOMID_XEN;
        }
    }

    for (uint64_t n = 0; n < frame_table_max; n += HV_MAP_M2P_CHUNK_FRAMES) {
        mfn_t m2p = hv_map_m2p_chunk((unsigned int)(n / HV_MAP_M2P_CHUNK_FRAMES));
        if (mfn_eq(m2p, MFN_INVALID))
            continue;
        for (unsigned int i = 0; i < FRAMES_PER_LARGE; i++) {
            frame_of(MFN(m2p.n + i))->state = FRAME_SHARED;
            frame_of(MFN(m2p.n + i))->refs = 1;
        }
    }
}

__init void hv_map_init(void)
{
    uint64_t ram_end = MIN(memory_map_ram_end(&memory_map), DIRECT_MAP_VIRT_END - DIRECT_MAP_VIRT);

    ASSERT(ram_end > MM_LOW_END);
    mm_early_reserve(0, MM_LOW_END);
    mm_early_reserve(IMAGE_PHYS, IMAGE_PHYS + (uint64_t)(_image_end - _start_image));
    frame_table_max = ram_end >> PAGE_SHIFT;

    /* The top-level table must be below 4 GiB: CPUs that start load it in 32-bit mode. The big tables should not be. */
    tlb_init();
    hv_map_early_table = early_table;
    hv_top_table = early_table();
    build_top_level();
    build_image_map();
    build_direct_map();
    build_identity_map();
    tlb_load_cr3(hv_top_table_phys());
    mm_early_reach_all();
    build_frame_table();
    build_m2p();
    set_frame_states();
    hv_map_cpu_window_ptes(0);
    buddy_init_from_map();
    hv_map_early_table = NULL;

    log_info("Memory: %lu MiB RAM up to 0x%lx, %lu MiB free, %lu KiB for frame table and M2P",
             memory_map_ram_size(&memory_map) >> 20, ram_end, buddy_free_frames() >> (20 - PAGE_SHIFT), overhead >> 10);
}

/* The image and its alias in the direct map. */
static void __init protect(const char *start, const char *end, uint64_t flags)
{
    uint64_t size = (uint64_t)(end - start);

    if (!size)
        return;
    map_small((uint64_t)start, image_phys(start), size, flags);
    map_small(DIRECT_MAP_VIRT + image_phys(start), image_phys(start), size, flags | PTE_NX);
}

void __init hv_map_protect(void)
{
    protect(_text_start, _text_end, PTE_GLOBAL);
    protect(_rodata_start, _rodata_end, PTE_GLOBAL | PTE_NX);
    protect(_data_start, _image_end, DATA_FLAGS);
    hv_top_table[0] = 0;
    tlb_flush_mask(~0ULL, TLB_GLOBAL);
}
