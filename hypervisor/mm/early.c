/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The early allocator: the firmware's memory map minus a set of reserved frames, searched from the top below 4 GiB so
 * that scarce low memory stays for guests' DMA. Each allocation joins the reserved set; neighbours merge there, so the
 * set stays a handful of ranges.
 */
#include "mm/early.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/layout.h"

bool __init early_find(const struct memory_map *m, const struct rangeset *taken, unsigned int order, paddr_t limit,
                       paddr_t *start)
{
    uint64_t size = PAGE_SIZE << order;

    for (unsigned int i = m->count; i-- > 0;) {
        const struct memory_region *r = &m->region[i];
        uint64_t low = MAX(r->start, (uint64_t)MM_LOW_END), high = MIN(r->start + r->size, limit);

        if (r->type != MEMORY_RAM)
            continue;
        while (high >= size && ALIGN_DOWN(high - size, size) >= low) {
            uint64_t try = ALIGN_DOWN(high - size, size);
            uint64_t first = try >> PAGE_SHIFT, last = (try + size - 1) >> PAGE_SHIFT;
            unsigned int hit = 0;

            while (hit < taken->count && (taken->range[hit].last < first || taken->range[hit].first > last))
                hit++;
            if (hit == taken->count) {
                *start = try;
                return true;
            }
            high = taken->range[hit].first << PAGE_SHIFT;
        }
    }
    return false;
}

#ifndef HAVEN_HOSTED
static struct rangeset reserved __initdata; /* frame numbers */
static paddr_t reach __initdata = GIB(4);
static bool finished __initdata;

void __init mm_early_reserve(paddr_t start, paddr_t end)
{
    ASSERT(!finished);
    if (start >= end)
        return;
    if (rangeset_add(&reserved, start >> PAGE_SHIFT, (end - 1) >> PAGE_SHIFT))
        panic("too many reserved ranges of memory");
}

void __init mm_early_reach_all(void)
{
    reach = DIRECT_MAP_VIRT_END - DIRECT_MAP_VIRT;
}

paddr_t __init mm_early_alloc(unsigned int order)
{
    paddr_t p;

    ASSERT(!finished);
    if (!early_find(&memory_map, &reserved, order, reach, &p))
        panic("out of memory: no block of %lu KiB for the hypervisor's own tables", (PAGE_SIZE << order) >> 10);
    mm_early_reserve(p, p + (PAGE_SIZE << order));
    memset(direct_map(p), 0, PAGE_SIZE << order);
    return p;
}

/* The part of [first, end) that is not reserved, piece by piece. */
static __init void add_unreserved(uint64_t first, uint64_t end)
{
    for (unsigned int i = 0; i < reserved.count && first < end; i++) {
        if (reserved.range[i].last < first)
            continue;
        if (reserved.range[i].first >= end)
            break;
        if (reserved.range[i].first > first)
            buddy_add_range(MFN(first), MFN(reserved.range[i].first));
        first = reserved.range[i].last + 1;
    }
    if (first < end)
        buddy_add_range(MFN(first), MFN(end));
}

__init void buddy_init_from_map(void)
{
    ASSERT(!finished);
    finished = true;
    for (unsigned int i = 0; i < memory_map.count; i++) {
        const struct memory_region *r = &memory_map.region[i];
        uint64_t first = MAX(ALIGN_UP(r->start, PAGE_SIZE), (uint64_t)MM_LOW_END) >> PAGE_SHIFT;
        uint64_t end = MIN((r->start + r->size) >> PAGE_SHIFT, (DIRECT_MAP_VIRT_END - DIRECT_MAP_VIRT) >> PAGE_SHIFT);

        if (r->type == MEMORY_RAM && first < end)
            add_unreserved(first, end);
    }
}
#endif
