/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See page_pool.h. */
#include "block/page_pool.h"

static unsigned order_of(size_t bytes)
{
    unsigned order = 0;

    while (((size_t)POOL_PAGE << order) < bytes)
        order++;
    return order;
}

static void put(struct page_pool *pool, uint32_t page, unsigned order)
{
    uint32_t next = pool->first[order];

    pool->next[page] = next;
    pool->previous[page] = POOL_NONE;
    if (next != POOL_NONE)
        pool->previous[next] = page;
    pool->first[order] = page;
    pool->free_order[page] = (uint8_t)(order + 1);
}

static void remove_run(struct page_pool *pool, uint32_t page, unsigned order)
{
    uint32_t next = pool->next[page], previous = pool->previous[page];

    if (next != POOL_NONE)
        pool->previous[next] = previous;
    if (previous != POOL_NONE)
        pool->next[previous] = next;
    else
        pool->first[order] = next;
    pool->free_order[page] = 0;
}

void page_pool_init(struct page_pool *pool, void *memory)
{
    pool->memory = memory;
    pool->kept_count = 0;
    for (unsigned order = 0; order < POOL_ORDERS; order++)
        pool->first[order] = POOL_NONE;
    for (uint32_t page = 0; page < POOL_PAGES; page++)
        pool->free_order[page] = 0;
    for (uint32_t run = POOL_RUNS; run-- > 0;)
        put(pool, run * POOL_RUN_MAX, POOL_ORDERS - 1);
}

static uint32_t take_run(struct page_pool *pool, unsigned wanted)
{
    unsigned order = wanted;
    uint32_t page;

    while (order < POOL_ORDERS && pool->first[order] == POOL_NONE)
        order++;
    if (order >= POOL_ORDERS)
        return POOL_NONE;
    page = pool->first[order];
    remove_run(pool, page, order);
    while (order > wanted) {
        order--;
        put(pool, page + (1u << order), order);
    }
    return page;
}

static void give_run(struct page_pool *pool, uint32_t page, unsigned order)
{
    while (order < POOL_ORDERS - 1) {
        uint32_t buddy = page ^ (1u << order);
        if (pool->free_order[buddy] != order + 1)
            break;
        remove_run(pool, buddy, order);
        page &= ~(1u << order);
        order++;
    }
    put(pool, page, order);
}

uint32_t page_pool_take(struct page_pool *pool, size_t bytes)
{
    unsigned wanted = order_of(bytes);
    uint32_t page;

    if (!wanted && pool->kept_count)
        return pool->kept[--pool->kept_count];
    page = take_run(pool, wanted);
    if (page != POOL_NONE || !pool->kept_count)
        return page;
    while (pool->kept_count)
        give_run(pool, pool->kept[--pool->kept_count], 0);
    return take_run(pool, wanted);
}

void page_pool_give(struct page_pool *pool, uint32_t page, size_t bytes)
{
    unsigned order = order_of(bytes);

    if (!order && pool->kept_count < POOL_KEPT)
        pool->kept[pool->kept_count++] = page;
    else
        give_run(pool, page, order);
}
