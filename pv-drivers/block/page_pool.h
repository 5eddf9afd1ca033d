/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for data on its way between guest and disk: runs of pages out of one region. A buddy allocator: runs are
 * powers of two up to POOL_RUN_MAX pages. What does not fit now has to wait until something is given back.
 * Some single pages that were given back are kept as they are, for the next to take, instead of being joined and split
 * again each time.
 */
#ifndef HAVEN_PV_DRIVERS_BLOCK_PAGE_POOL_H
#define HAVEN_PV_DRIVERS_BLOCK_PAGE_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_PAGE    4096u
#define POOL_ORDERS  9 /* runs of 1 to 256 pages */
#define POOL_RUNS    2 /* of the largest size */
#define POOL_PAGES   (POOL_RUNS << (POOL_ORDERS - 1))
#define POOL_BYTES   ((size_t)POOL_PAGES * POOL_PAGE)
#define POOL_NONE    UINT32_MAX
#define POOL_RUN_MAX (1u << (POOL_ORDERS - 1))
#define POOL_KEPT    32u

struct page_pool {
    uint8_t *memory;             /* POOL_BYTES */
    uint32_t first[POOL_ORDERS]; /* free runs by size: a list of page numbers */
    uint32_t next[POOL_PAGES], previous[POOL_PAGES];
    uint8_t free_order[POOL_PAGES];       /* of the run that begins here, + 1; 0: none that is free */
    uint32_t kept[POOL_KEPT], kept_count; /* single pages, not in the lists */
};

void page_pool_init(struct page_pool *pool, void *memory);
/* The first page of a run of at least bytes; POOL_NONE: nothing that large is free now. */
uint32_t page_pool_take(struct page_pool *pool, size_t bytes);
void page_pool_give(struct page_pool *pool, uint32_t page, size_t bytes);
static inline uint8_t *page_pool_address(const struct page_pool *pool, uint32_t page)
{
    return pool->memory + (size_t)page * POOL_PAGE;
}

#endif
