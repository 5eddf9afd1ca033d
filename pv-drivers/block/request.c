/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a request (block_queue.h):
 *
 *     taken -> [LISTING] -> [STARVED] -> [FILLING: write] -> [FLUSHING] -> ON_DISK -> [DRAINING: read] -> DONE
 *
 * Data of front ends that keep their grants goes between the mapped pages and the disk; of others through the pool,
 * copied by the hypervisor: for a page or a few that costs less than mapping and unmapping them (every unmapping has
 * to be made known to all CPUs). When the cache of mapped pages is full of pages in use, a request takes the way
 * through the pool too.
 */
#include "block/block_queue.h"

#include <errno.h>

#define LARGE (2 * POOL_PAGE)

static void append(struct request_list *list, struct request *r)
{
    r->next = NULL;
    *list->end = r;
    list->end = &r->next;
}

static struct request *take_first(struct request_list *list)
{
    struct request *r = list->first;

    if (!r)
        return NULL;
    list->first = r->next;
    if (!list->first)
        list->end = &list->first;
    return r;
}

static void go_on(struct request *r)
{
    append(&r->queue->device->block->ready, r);
}

/* ---- copies ---- */

static void copy_done(void *context, void *owner, bool ok)
{
    struct request *r = owner;

    (void)context;
    r->failed |= !ok;
    if (--r->copies_left == 0)
        go_on(r);
}

static void copy_segments(struct request *r)
{
    struct block_worker *block = r->queue->device->block;
    uint8_t *at = page_pool_address(r->pool, r->page);

    r->copies_left = r->asked.segments;
    r->failed = false;
    for (uint32_t i = 0; i < r->asked.segments; i++) {
        const struct block_segment *s = &r->asked.segment[i];
        if (r->asked.operation == BLOCK_WRITE)
            grant_copy_from_guest(&block->copies, s->grant, s->offset, at, s->bytes, r);
        else
            grant_copy_to_guest(&block->copies, s->grant, s->offset, at, s->bytes, r);
        at += s->bytes;
    }
}

/* ---- mapped pages ---- */

static void release_segments(struct request *r, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        grant_cache_release(r->queue->cache, r->asked.segment[i].grant);
}

/* 0, or errno: ENOSPC if too many are in use. */
static int map_segments(struct request *r)
{
    for (uint32_t i = 0; i < r->asked.segments; i++) {
        const struct block_segment *s = &r->asked.segment[i];
        uint8_t *page = grant_cache_hold(r->queue->cache, s->grant);
        if (!page) {
            int error = errno;
            release_segments(r, i);
            return error;
        }
        r->mapped_at[i] = (struct iovec){.iov_base = page + s->offset, .iov_len = s->bytes};
    }
    r->mapped = true;
    return 0;
}

/* ---- the end ---- */

static void count(struct device_counters *counters, const struct request *r)
{
    if (r->status != BLKIF_RSP_OKAY)
        counters->errors++;
    if (r->asked.operation == BLOCK_READ) {
        counters->read_requests++;
        counters->read_bytes += r->asked.bytes;
    } else if (r->asked.operation == BLOCK_WRITE) {
        counters->written_requests++;
        counters->written_bytes += r->asked.bytes;
    } else {
        counters->other_requests++;
    }
}

static void let_go(struct request *r)
{
    struct block_worker *block = r->queue->device->block;

    r->queue->device->busy--;
    if (r->mapped)
        release_segments(r, r->asked.segments);
    if (r->page == POOL_NONE)
        return;
    page_pool_give(r->pool, r->page, r->asked.bytes);
    while (block->starved.first)
        go_on(take_first(&block->starved));
}

static void finish(struct request *r, int16_t status)
{
    r->status = status;
    r->state = REQUEST_DONE;
    count(r->queue->device->counters, r);
    let_go(r);
}

/* The answer is left to the worker that connects the device anew: to it, the request is still in the ring. */
static void lose(struct request *r)
{
    r->state = REQUEST_LOST;
    r->queue->device->lost = true;
    let_go(r);
}

/* ---- the way ---- */

static void disk_done(struct disk_io *io, int error)
{
    struct request *r = (struct request *)((uint8_t *)io - offsetof(struct request, io));

    r->error = error;
    go_on(r);
}

static void to_disk(struct request *r)
{
    struct block_worker *block = r->queue->device->block;
    bool flush = r->asked.flush_first;

    r->asked.flush_first = false;
    r->state = flush ? REQUEST_FLUSHING : REQUEST_ON_DISK;
    r->io = (struct disk_io){
        .operation = flush ? BLOCK_FLUSH : r->asked.operation,
        .offset = r->asked.offset,
        .bytes = r->asked.bytes,
        .memory = r->mapped ? r->mapped_at : &r->pooled,
        .vectors = r->mapped ? r->asked.segments : 1,
        .pinned = !r->mapped && r->pool == &block->pinned,
        .done = disk_done,
    };
    if (r->page != POOL_NONE)
        r->pooled = (struct iovec){.iov_base = page_pool_address(r->pool, r->page), .iov_len = r->asked.bytes};
    disk_submit(r->queue->device->disk, &r->io);
}

/* Pinned pages cost less where the disk is worked, granted ones where is copied: for each page once, where for the disk
 * some is once for the request. So large requests go through granted pages. */
static bool take_pages(struct block_worker *block, struct request *r)
{
    bool large = r->asked.bytes > LARGE;
    struct page_pool *const order[] = {large ? &block->granted : &block->pinned,
                                       large ? &block->pinned : &block->granted};

    for (unsigned i = 0; i < 2; i++) {
        r->pool = order[i];
        r->page = r->pool->memory ? page_pool_take(r->pool, r->asked.bytes) : POOL_NONE;
        if (r->page != POOL_NONE)
            return true;
    }
    return false;
}

static void through_the_pool(struct request *r)
{
    struct block_worker *block = r->queue->device->block;

    if (!take_pages(block, r)) {
        r->state = REQUEST_STARVED;
        append(&block->starved, r);
    } else if (r->asked.operation == BLOCK_WRITE) {
        r->state = REQUEST_FILLING;
        copy_segments(r);
    } else {
        to_disk(r);
    }
}

static void move_data(struct request *r)
{
    int error = ENOSPC;

    if (!r->queue->device->disk) { /* no medium is in the drive */
        finish(r, BLKIF_RSP_ERROR);
        return;
    }
    if (r->asked.operation > BLOCK_WRITE) {
        to_disk(r);
        return;
    }
    if (r->queue->cache)
        error = map_segments(r);
    if (error == ENOSPC)
        through_the_pool(r);
    else if (error)
        finish(r, BLKIF_RSP_ERROR);
    else
        to_disk(r);
}

static void parsed(struct request *r, enum blkif_parsed result, int16_t status)
{
    struct block_worker *block = r->queue->device->block;

    if (result == BLKIF_REFUSED) {
        finish(r, status);
    } else if (result == BLKIF_READY) {
        move_data(r);
    } else {
        r->state = REQUEST_LISTING;
        r->copies_left = 1;
        grant_copy_from_guest(&block->copies, r->asked.list_grant, 0, r->list,
                              r->asked.segments * (uint32_t)sizeof(r->list[0]), r);
    }
}

void request_begin(struct request *r, const union blkif_sring_entry *raw)
{
    int16_t status = BLKIF_RSP_OKAY;

    r->failed = r->mapped = false;
    r->page = POOL_NONE;
    r->queue->device->busy++;
    enum blkif_parsed result = blkif_parse(&r->queue->device->limits, raw, &r->asked, &status);
    parsed(r, result, status);
}

static void listed(struct request *r)
{
    int16_t status = BLKIF_RSP_OKAY;

    if (r->failed) {
        finish(r, BLKIF_RSP_ERROR);
        return;
    }
    enum blkif_parsed result = blkif_parse_list(&r->queue->device->limits, r->list, &r->asked, &status);
    parsed(r, result, status);
}

static void came_from_disk(struct request *r)
{
    if (r->error == ESHUTDOWN)
        lose(r);
    else if (r->error)
        finish(r, r->error == EOPNOTSUPP ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_ERROR);
    else if (r->state == REQUEST_FLUSHING)
        to_disk(r);
    else if (r->asked.operation != BLOCK_READ || r->mapped)
        finish(r, BLKIF_RSP_OKAY);
    else {
        r->state = REQUEST_DRAINING;
        copy_segments(r);
    }
}

static void advance(struct request *r)
{
    switch (r->state) {
    case REQUEST_LISTING:
        listed(r);
        break;
    case REQUEST_STARVED:
        through_the_pool(r);
        break;
    case REQUEST_FILLING:
        if (r->failed)
            finish(r, BLKIF_RSP_ERROR);
        else
            to_disk(r);
        break;
    case REQUEST_FLUSHING:
    case REQUEST_ON_DISK:
        came_from_disk(r);
        break;
    case REQUEST_DRAINING:
        finish(r, r->failed ? BLKIF_RSP_ERROR : BLKIF_RSP_OKAY);
        break;
    case REQUEST_DONE:
    case REQUEST_LOST:
        break;
    }
}

void requests_init(struct block_worker *block)
{
    block->ready.end = &block->ready.first;
    block->starved.end = &block->starved.first;
    block->copies.done = copy_done;
}

bool requests_run(struct block_worker *block)
{
    bool any = false;

    for (;;) {
        struct request *r = take_first(&block->ready);
        if (r) {
            advance(r);
            any = true;
        } else if (block->copies.count) {
            grant_copies_make(&block->copies);
        } else if (!worker_uring_enter(block->uring, false)) {
            return any;
        }
    }
}
