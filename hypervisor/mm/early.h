/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory before there is a buddy allocator: ranges of RAM that are in use, and allocations from the rest. Boot CPU
 * only.
 *
 * Order of calls: memory_map_add..., mm_early_reserve (boot modules and the like; the hypervisor's image is known),
 * hv_map_init (allocates tables; at its end the rest goes to the buddy allocator, by buddy_init_from_map).
 * What was reserved stays out of the allocator until somebody hands it over by buddy_add_range.
 */
#ifndef HAVEN_MM_EARLY_H
#define HAVEN_MM_EARLY_H

#include "lib/rangeset.h"
#include "lib/types.h"
#include "mm/memory_map.h"

#define MM_LOW_END MIB(1) /* RAM below stays out of the allocators: firmware's data, and the page APs start in */

/* Keeps [start, end) out of all allocations; widened to whole frames. Panics when there are too many pieces. */
void mm_early_reserve(paddr_t start, paddr_t end);

/*
 * 2^order zeroed frames, aligned to their size, from the top of what can be reached: below 4 GiB while the boot page
 * tables are in use, all RAM once mm_early_reach_all was called. Panics if there are none.
 */
paddr_t mm_early_alloc(unsigned int order);
void mm_early_reach_all(void);

/* Gives all RAM that is not in use to the buddy allocator. */
void buddy_init_from_map(void);

/* Pure: highest block of RAM below 'limit' that meets no reserved frame. False: none. */
bool early_find(const struct memory_map *m, const struct rangeset *reserved, unsigned int order, paddr_t limit,
                paddr_t *start);

#endif
