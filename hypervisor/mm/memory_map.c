/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's memory map. Firmware tables come unsorted and with overlaps; adding a region cuts the map at the
 * region's two ends, gives each covered piece the less usable of its two types, fills the gaps, and merges equal
 * neighbours. Invariant: sorted, disjoint, no neighbours of one type that touch.
 */
#include "mm/memory_map.h"
#include "lib/compiler.h"
#include "lib/errno.h"

struct memory_map memory_map;

/* E820 numbers are no order of usability: RAM, ACPI tables (reclaimable), NVS, reserved, broken. */
static unsigned int __init rank(uint32_t type)
{
    switch (type) {
    case MEMORY_RAM:
        return 0;
    case MEMORY_ACPI:
        return 1;
    case MEMORY_NVS:
        return 2;
    case MEMORY_UNUSABLE:
        return 4;
    default:
        return 3;
    }
}

static void __init append(struct memory_map *m, uint64_t start, uint64_t end, uint32_t type)
{
    struct memory_region *last = m->count ? &m->region[m->count - 1] : NULL;

    if (start >= end)
        return;
    if (last && last->type == type && last->start + last->size == start)
        last->size += end - start;
    else
        m->region[m->count++] = (struct memory_region){.start = start, .size = end - start, .type = type};
}

/* How the pieces of region r that lie before, in and behind [start, end) join the new map. 'at': where the gap begins.
 */
static uint64_t __init append_split(struct memory_map *m, const struct memory_region *r, uint64_t at, uint64_t start,
                                    uint64_t end, uint32_t type)
{
    uint64_t r_end = r->start + r->size;
    uint64_t cut_low = MIN(MAX(start, r->start), r_end), cut_high = MAX(MIN(end, r_end), cut_low);

    if (r->start > at)
        append(m, MAX(at, start), MIN(r->start, end), type); /* the gap in front of r */
    append(m, r->start, cut_low, r->type);
    append(m, cut_low, cut_high, rank(type) > rank(r->type) ? type : r->type);
    append(m, cut_high, r_end, r->type);
    return r_end;
}

int __init memory_map_add(struct memory_map *m, uint64_t start, uint64_t size, uint32_t type)
{
    static __initdata struct memory_map next; /* while booting, on one CPU: too large for the stack */
    uint64_t end, at = 0;

    if (!size)
        return 0;
    if (__builtin_add_overflow(start, size, &end))
        end = ~0ULL;
    /* Cutting makes at most two pieces more, and each gap that is filled one. */
    unsigned int gaps = 1;
    for (unsigned int i = 0; i < m->count; i++)
        gaps += m->region[i].start >= start && m->region[i].start < end;
    if (m->count + gaps + 2 > MEMORY_REGIONS_MAX)
        return -ENOMEM;

    next.count = 0;
    for (unsigned int i = 0; i < m->count; i++)
        at = append_split(&next, &m->region[i], at, start, end, type);
    append(&next, MAX(at, start), end, type);
    *m = next;
    return 0;
}

uint64_t __init memory_map_ram_end(const struct memory_map *m)
{
    for (unsigned int i = m->count; i-- > 0;) {
        if (m->region[i].type == MEMORY_RAM)
            return m->region[i].start + m->region[i].size;
    }
    return 0;
}

uint64_t memory_map_ram_size(const struct memory_map *m)
{
    uint64_t sum = 0;

    for (unsigned int i = 0; i < m->count; i++) {
        if (m->region[i].type == MEMORY_RAM)
            sum += m->region[i].size;
    }
    return sum;
}
