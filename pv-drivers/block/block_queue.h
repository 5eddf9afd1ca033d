/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From ring to disk and back. A block_worker serves all disks of one guest; each has queues (a ring and its event
 * channel), each queue as many requests as its ring has slots: the one in slot i is request[i] from when it is taken
 * until its answer is written. Requests go through their states in any order (request.c); answers are written in the
 * order of the ring (queue.c), because that is what a successor of this process relies on (common/shared_ring.h).
 *
 * What can be done for several requests at once is gathered: requests that can go on are in a list; copies from and to
 * the guest are made when the list is empty; the disks' operations are submitted when there are no copies either.
 */
#ifndef HAVEN_PV_DRIVERS_BLOCK_BLOCK_QUEUE_H
#define HAVEN_PV_DRIVERS_BLOCK_BLOCK_QUEUE_H

#include "block/blkif_parse.h"
#include "block/disk.h"
#include "block/disk_uring.h"
#include "block/page_pool.h"
#include "common/grant_pages.h"
#include "common/shared_ring.h"
#include "common/worker_main.h"

#define PERSISTENT_MAX                                                                                                 \
    1056u /* mapped pages of a queue that are kept: what Linux's front end uses at most by default                     \
           */

enum request_state {
    REQUEST_LISTING,  /* its list of segments is being copied */
    REQUEST_STARVED,  /* waits for room in the pool */
    REQUEST_FILLING,  /* what it writes is being copied from the guest */
    REQUEST_FLUSHING, /* what was written before is being made safe */
    REQUEST_ON_DISK,
    REQUEST_DRAINING, /* what it read is being copied to the guest */
    REQUEST_DONE,     /* to be answered when its turn comes */
    REQUEST_LOST,     /* the disk went away under it: never to be answered by us */
};

struct request {
    struct block_queue *queue;
    struct request *next; /* in a list of the worker */
    enum request_state state;
    uint32_t copies_left;
    bool failed; /* a copy */
    bool mapped; /* its segments are pages of the cache, held */
    int error;   /* of the disk */
    int16_t status;
    struct page_pool *pool;
    uint32_t page; /* of the pool, or POOL_NONE */
    struct disk_io io;
    struct iovec pooled;
    struct block_request asked;
    union {
        struct blkif_request_segment list[BLKIF_SEGMENTS_MAX]; /* LISTING */
        struct iovec mapped_at[BLKIF_SEGMENTS_MAX];            /* from then on */
    };
};

struct block_queue {
    struct block_device *device;
    struct worker_channel channel;
    struct shared_ring ring;
    void *pages;
    uint32_t page_count;
    struct grant_cache *cache; /* NULL: the front end does not keep grants */
    struct request *request;   /* as many as slots; most of it is never touched */
};

struct block_device {
    struct block_device *next;
    struct block_worker *block;
    unsigned id;
    struct block_limits limits;
    struct disk *disk;
    struct device_counters *counters;
    unsigned queues;
    struct block_queue queue[WORKER_QUEUES_MAX];
    unsigned busy;             /* requests that are begun, and not DONE or LOST */
    bool starting;             /* the disk gets ready: CONNECT is not answered yet */
    bool closing;              /* takes nothing new; when all is answered, DISCONNECT is */
    bool lost;                 /* the disk is gone: what is not answered stays in the ring */
    bool broken;               /* by the front end: takes nothing new and lets go */
    char why[WORKER_TEXT_MAX]; /* with lost and broken */
};

struct request_list {
    struct request *first, **end;
};

struct block_worker {
    struct worker *worker;
    struct worker_uring *uring;
    struct page_pool pinned;  /* by io_uring: registered buffers */
    struct page_pool granted; /* to ourselves: common/grant_pages.h. Without memory, if there are no such pages */
    struct grant_copies copies;
    struct request_list ready;   /* can go on */
    struct request_list starved; /* wait for room in the pool, in their order */
    struct block_device *devices;
};

/* request.c */
void requests_init(struct block_worker *block);
void request_begin(struct request *r, const union blkif_sring_entry *raw);
/* Everything that can go on does. true: something did. */
bool requests_run(struct block_worker *block);

/* queue.c */
int queue_connect(struct block_queue *q, struct block_device *device, const struct worker_queue *from, bool persistent,
                  struct failure *failure);
void queue_let_go(struct block_queue *q);
/* Takes what the ring has, if there is room for it. true: something was taken. */
bool queue_take(struct block_queue *q);
void queue_answer(struct block_queue *q);

#endif
