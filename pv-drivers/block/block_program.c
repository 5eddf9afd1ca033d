/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block back end of one guest, whatever its disks are (block_program.h). This file has its devices: connecting and
 * letting go, and the turn of the loop in which rings are read, disks are worked and answers are given (block_queue.h
 * says how a request goes).
 *
 * A device is let go of when it closes, when the front end does what it must not, or when its disk is gone; always
 * after everything that is under way has ended, for the disk may be writing into the guest's pages.
 */
#include "block/block_program.h"
#include "block/block_queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct block_program *program;

static struct block_device *find_device(struct block_worker *block, unsigned id)
{
    struct block_device *d = block->devices;

    while (d && d->id != id)
        d = d->next;
    return d;
}

static void free_device(struct block_device *d)
{
    for (unsigned i = 0; i < d->queues; i++)
        queue_let_go(&d->queue[i]);
    if (d->disk)
        disk_close(d->disk);
    worker_counters_unmap(d->counters);
    free(d);
}

static void remove_device(struct block_device *d)
{
    struct block_device **at = &d->block->devices;

    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    free_device(d);
}

/* ---- connecting ---- */

void block_device_say_connected(const struct block_device *d)
{
    const struct worker_message m = {.kind = WORKER_CONNECTED,
                                     .device = d->id,
                                     .block = {.sectors = d->limits.sectors, .discard = d->limits.discard}};

    if (worker_send(WORKER_SOCKET, &m, NULL, 0))
        _exit(0); /* the manager is gone */
}

static int connect_queues(struct block_device *d, const struct worker_message *m, struct failure *failure)
{
    for (unsigned i = 0; i < m->queues; i++) {
        d->queues = i + 1;
        if (queue_connect(&d->queue[i], d, &m->queue[i], m->block.persistent, failure))
            return -1;
    }
    return 0;
}

/* The server went away at once: no fault of the front end's, which WORKER_FAILED would say. */
static int say_lost(struct worker *w, unsigned device, const int *files, unsigned count, const struct failure *failure)
{
    for (unsigned i = 0; i < count; i++)
        close(files[i]);
    worker_answer(w, device, WORKER_LOST, failure->text);
    return WORKER_LATER;
}

static int connect_device(struct worker *w, const struct worker_message *m, const int *files, unsigned count,
                          struct failure *failure)
{
    struct block_worker *block = w->of_kind;
    struct block_device *d;
    uint32_t alignment = m->block.sector_size;

    if (count < 1 || count > 3 || !m->queues || find_device(block, m->device))
        return failure_set(failure, "disk %u: a message that cannot be", m->device);
    if (alignment < BLKIF_SECTOR || alignment > POOL_PAGE || (alignment & (alignment - 1)))
        return failure_set(failure, "disk %u has sectors of %u bytes; 512 to 4096 are possible", m->device, alignment);
    d = calloc(1, sizeof(*d));
    if (!d)
        return failure_errno(failure, "disk %u", m->device);
    d->block = block;
    d->id = m->device;
    d->limits = (struct block_limits){.sectors = m->block.sectors,
                                      .alignment = alignment,
                                      .read_only = m->block.read_only,
                                      .discard = m->block.discard};
    d->counters = worker_counters_map(dup(files[0]));
    if (!d->counters)
        failure_errno(failure, "disk %u: the file of counters", m->device);
    if (!d->counters || connect_queues(d, m, failure)) {
        free_device(d);
        return -1;
    }
    if (count > 1 && program->open_disk(d, &m->block, files, count, failure)) {
        free_device(d);
        return m->block.nbd ? say_lost(w, m->device, files, count, failure) : -1;
    }
    close(files[0]);
    d->next = block->devices;
    block->devices = d;
    if (!d->starting)
        block_device_say_connected(d);
    return WORKER_LATER;
}

/* A new size. */
static int change_device(struct worker *w, const struct worker_message *m, const int *files, unsigned count,
                         struct failure *failure)
{
    struct block_device *d = find_device(w->of_kind, m->device);

    (void)files;
    if (!d || count)
        return failure_set(failure, "disk %u: a message that cannot be", m->device);
    d->limits.sectors = m->block.sectors;
    return 0;
}

static int disconnect_device(struct worker *w, unsigned device)
{
    struct block_device *d = find_device(w->of_kind, device);

    if (!d)
        return 0;
    d->closing = true;
    return WORKER_LATER; /* to the end of this turn at least */
}

/* ---- turns ---- */

static void let_go_if_over(struct block_device *d)
{
    struct worker *w = d->block->worker;
    enum worker_kind answer = d->closing ? WORKER_DISCONNECTED : d->broken ? WORKER_FAILED : WORKER_LOST;
    unsigned id = d->id;
    char why[sizeof(d->why)];

    if (d->busy || !(d->closing || d->broken || d->lost))
        return;
    memcpy(why, d->why, sizeof(why));
    remove_device(d);
    worker_answer(w, id, answer, why);
}

/* Everything that can be done now. */
static void one_turn(struct block_worker *block)
{
    struct block_device *next;

    for (struct block_device *d = block->devices; d; d = d->next)
        for (unsigned i = 0; i < d->queues; i++)
            queue_take(&d->queue[i]);
    requests_run(block);
    for (struct block_device *d = block->devices; d; d = next) {
        next = d->next;
        for (unsigned i = 0; i < d->queues; i++)
            queue_answer(&d->queue[i]);
        let_go_if_over(d);
    }
}

/* Asks all front ends to notify of what comes next. true: something came meanwhile. */
static bool more_came(struct block_worker *block)
{
    bool any = false;

    if (block->starved.first) /* nothing is taken until something ends */
        return false;
    for (struct block_device *d = block->devices; d; d = d->next)
        for (unsigned i = 0; i < d->queues && !d->closing && !d->lost && !d->broken && !d->starting; i++)
            any |= shared_ring_sleep(&d->queue[i].ring);
    return any;
}

static bool turn(struct worker *w, bool notified)
{
    struct block_worker *block = w->of_kind;
    (void)notified; /* all rings are looked at anyway */

    one_turn(block);
    return more_came(block);
}

static int start(struct worker *w, struct failure *failure)
{
    static struct block_worker block;
    void *memory = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return failure_errno(failure, "%zu bytes for data on its way", POOL_BYTES);
    block.worker = w;
    block.copies.door = w->grants;
    block.copies.domid = w->domid;
    page_pool_init(&block.pinned, memory);
    own_pages_open(&block.copies.own, w->grants, 0, POOL_PAGES);
    if (block.copies.own.pages)
        page_pool_init(&block.granted, block.copies.own.pages);
    requests_init(&block);
    w->uring = block.uring = disk_uring_ring(memory, POOL_BYTES, xenevtchn_fd(w->events), w->loop.epoll, failure);
    w->of_kind = &block;
    return w->uring ? 0 : -1;
}

int block_main(int argc, char **argv, const struct block_program *which)
{
    const struct worker_kind_ops ops = {
        .name = which->name,
        .rights = {.slot = which->slot, .system_calls = which->system_calls, .files = 256, .threads = 64},
        .start = start,
        .connect = connect_device,
        .change = change_device,
        .disconnect = disconnect_device,
        .turn = turn,
    };

    program = which;
    return worker_main(argc, argv, &ops);
}
