/* SPDX-License-Identifier: MIT
 *
 * See ring.h.
 */
#include "front/ring.h"

void ring_init(struct front_ring *ring, void *pages, uint32_t bytes, uint32_t slot_size)
{
    uint32_t fit = (bytes - (uint32_t)sizeof(struct ring_page)) / slot_size;
    volatile struct ring_page *page = pages;

    *ring = (struct front_ring){.page = page, .slots = 1, .slot_size = slot_size};
    while (ring->slots * 2 <= fit)
        ring->slots *= 2;
    __builtin_memset(pages, 0, bytes);
    page->req_event = page->rsp_event = 1; /* the first of each is worth a notification */
}

uint32_t ring_free(const struct front_ring *ring)
{
    return ring->slots - (ring->produced - ring->consumed);
}

static volatile uint8_t *slot(const struct front_ring *ring, uint32_t index)
{
    return ring->page->slot + (index & (ring->slots - 1)) * (uint64_t)ring->slot_size;
}

void *ring_request(struct front_ring *ring)
{
    return (void *)(uintptr_t)slot(ring, ring->produced++);
}

bool ring_publish(struct front_ring *ring)
{
    uint32_t old = ring->page->req_prod;

    __atomic_store_n(&ring->page->req_prod, ring->produced, __ATOMIC_RELEASE); /* after what is in the slots */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);                                   /* and before we look at the mark */
    return ring->produced - ring->page->req_event < ring->produced - old;
}

enum ring_answer ring_answer(struct front_ring *ring, void *answer, uint32_t size)
{
    uint32_t there = __atomic_load_n(&ring->page->rsp_prod, __ATOMIC_ACQUIRE);

    if (there == ring->consumed)
        return ANSWER_NONE;
    if (there - ring->consumed > ring->produced - ring->consumed)
        return ANSWER_WRONG;
    __builtin_memcpy(answer, (const void *)(uintptr_t)slot(ring, ring->consumed++),
                     size < ring->slot_size ? size : ring->slot_size);
    return ANSWER_FOUND;
}

bool ring_sleep(struct front_ring *ring)
{
    ring->page->rsp_event = ring->consumed + 1;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return ring->page->rsp_prod == ring->consumed;
}
