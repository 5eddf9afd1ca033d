/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring's side of a queue: see block_queue.h. */
#include "block/block_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_SIZE ((uint32_t)sizeof(union blkif_sring_entry))

/* Only what is needed of a slot is copied out: the request, not the padding of the union. */
_Static_assert(sizeof(union blkif_sring_entry) == sizeof(struct blkif_request), "slot");

static int map_ring(struct block_queue *q, const struct worker_ring *from, struct failure *failure)
{
    struct worker *w = q->device->block->worker;

    q->pages = grant_pages_map(w->grants, w->domid, from->grants, from->pages, true);
    if (!q->pages)
        return failure_errno(failure, "the ring's pages (grant %u) can't be mapped", from->grants[0]);
    q->page_count = from->pages;
    if (!shared_ring_attach(&q->ring, q->pages, (size_t)from->pages * GRANT_PAGE, SLOT_SIZE))
        return failure_set(failure, "the ring's counters can't be: more requests than slots");
    q->request = calloc(q->ring.slots, sizeof(q->request[0]));
    if (!q->request)
        return failure_errno(failure, "%u requests", q->ring.slots);
    for (uint32_t i = 0; i < q->ring.slots; i++)
        q->request[i].queue = q;
    return 0;
}

int queue_connect(struct block_queue *q, struct block_device *device, const struct worker_queue *from, bool persistent,
                  struct failure *failure)
{
    struct worker *w = device->block->worker;

    q->device = device;
    if (from->ring[0].pages == 0 || from->ring[0].pages > WORKER_RING_PAGES_MAX)
        return failure_set(failure, "a ring of %u pages", from->ring[0].pages);
    if (worker_channel_bind(w, &q->channel, from->event_channel[0], failure) || map_ring(q, &from->ring[0], failure))
        return -1;
    if (persistent) {
        q->cache = grant_cache_new(w->grants, w->domid, PERSISTENT_MAX);
        if (!q->cache)
            return failure_errno(failure, "the cache of mapped pages");
    }
    return 0;
}

void queue_let_go(struct block_queue *q)
{
    struct worker *w = q->device->block->worker;

    grant_cache_free(q->cache);
    if (q->pages)
        grant_pages_unmap(w->grants, q->pages, q->page_count);
    worker_channel_unbind(w, &q->channel);
    free(q->request);
}

bool queue_take(struct block_queue *q)
{
    struct block_device *d = q->device;
    union blkif_sring_entry raw;
    bool any = false;

    if (d->starting || d->closing || d->lost || d->broken)
        return false;
    while (!d->block->starved.first) {
        enum shared_ring_taken taken = shared_ring_take(&q->ring, &raw, sizeof(raw));
        if (taken == RING_BROKEN) {
            d->broken = true;
            snprintf(d->why, sizeof(d->why), "the front end put more requests on its ring than there is room for");
        }
        if (taken != RING_TAKEN)
            break;
        request_begin(&q->request[(q->ring.taken - 1) & (q->ring.slots - 1)], &raw);
        any = true;
    }
    return any;
}

void queue_answer(struct block_queue *q)
{
    while (q->ring.answered != q->ring.taken) {
        const struct request *r = &q->request[q->ring.answered & (q->ring.slots - 1)];
        if (r->state != REQUEST_DONE)
            break;
        struct blkif_response response;
        memset(&response, 0, sizeof(response)); /* its padding too: the guest reads all of it */
        response.id = r->asked.id;
        response.operation = r->asked.echo;
        response.status = r->status;
        shared_ring_answer(&q->ring, &response, sizeof(response));
    }
    if (shared_ring_publish(&q->ring))
        worker_channel_notify(q->device->block->worker, &q->channel);
}
