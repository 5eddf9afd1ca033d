/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See disk_nbd.h. An operation is one command or several (a piece of memory each; discards in pieces the protocol can
 * say); it ends with the last of them. libnbd calls back while it holds its lock, so ends are gathered there and
 * delivered afterwards. When the connection dies, libnbd ends all commands with an error before we look again: errors
 * that are delivered on a dead connection are the connection's, not the disk's.
 */
#include "block/disk_nbd.h"

#include <errno.h>
#include <libnbd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define DISCARD_PIECE (UINT64_C(1) << 30)

struct nbd_disk {
    struct disk disk;
    struct event_loop *loop;
    struct event_source source; /* fd < 0: not in the loop */
    uint32_t waits_for;         /* EPOLLIN, EPOLLOUT */
    struct nbd_handle *nbd;
    struct disk *image; /* to be flushed instead; NULL: the server flushes */
    struct disk_nbd_events events;
    struct disk_io *ended; /* to be delivered */
    bool read_only;
    bool is_ready, is_lost;
    char reason[160];
};

static struct nbd_disk *of_disk(const struct disk *disk)
{
    return (struct nbd_disk *)(uintptr_t)disk;
}

static bool is_dead(struct nbd_disk *d)
{
    return nbd_aio_is_dead(d->nbd) != 0 || nbd_aio_is_closed(d->nbd) != 0;
}

static void part_ended(struct disk_io *io, int error)
{
    struct nbd_disk *d = of_disk(io->disk);

    if (error && !io->error)
        io->error = error;
    if (--io->parts == 0) {
        io->next = d->ended;
        d->ended = io;
    }
}

static int command_ended(void *of, int *error)
{
    part_ended(of, *error);
    return 1; /* libnbd may forget the command */
}

static void deliver(struct nbd_disk *d)
{
    bool dead = is_dead(d);

    while (d->ended) {
        struct disk_io *io = d->ended;
        d->ended = io->next;
        io->done(io, io->error && dead ? ESHUTDOWN : io->error);
    }
}

static void leave_loop(struct nbd_disk *d)
{
    if (d->source.fd >= 0)
        event_loop_remove(d->loop, &d->source);
    d->source.fd = -1;
}

static void wait_for_socket(struct nbd_disk *d)
{
    unsigned direction = nbd_aio_get_direction(d->nbd);
    uint32_t events = 0;

    if (direction & LIBNBD_AIO_DIRECTION_READ)
        events |= EPOLLIN;
    if (direction & LIBNBD_AIO_DIRECTION_WRITE)
        events |= EPOLLOUT;
    if (d->source.fd >= 0 && events != d->waits_for && event_loop_change(d->loop, &d->source, events) == 0)
        d->waits_for = events;
}

/* After whatever libnbd did. */
static void look(struct nbd_disk *d)
{
    if (is_dead(d) && !d->is_lost) {
        const char *why = nbd_get_error();
        snprintf(d->reason, sizeof(d->reason), "the NBD server: %s", why ? why : "the connection ended");
        d->is_lost = true;
        leave_loop(d);
        if (d->is_ready)
            d->events.lost(d->events.context, d->reason);
        else
            d->events.ready(d->events.context, d->reason);
    } else if (!d->is_ready && nbd_aio_is_ready(d->nbd) > 0) {
        d->is_ready = true;
        const char *reason = nbd_is_read_only(d->nbd) && !d->read_only ? "the NBD server has it read-only" : NULL;
        d->events.ready(d->events.context, reason);
    }
    deliver(d);
    wait_for_socket(d);
}

static void socket_ready(struct event_source *source, uint32_t events)
{
    struct nbd_disk *d = (struct nbd_disk *)((uint8_t *)source - offsetof(struct nbd_disk, source));
    unsigned direction = nbd_aio_get_direction(d->nbd);

    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && (direction & LIBNBD_AIO_DIRECTION_READ))
        nbd_aio_notify_read(d->nbd);
    else if (direction & LIBNBD_AIO_DIRECTION_WRITE)
        nbd_aio_notify_write(d->nbd);
    look(d);
}

/* One command, of which io->parts knows already. */
static void issue(struct nbd_disk *d, struct disk_io *io, const struct iovec *memory, uint64_t offset, uint64_t bytes)
{
    nbd_completion_callback then = {.callback = command_ended, .user_data = io};
    int64_t command = -1;

    switch (io->operation) {
    case BLOCK_READ:
        command = nbd_aio_pread(d->nbd, memory->iov_base, memory->iov_len, offset, then, 0);
        break;
    case BLOCK_WRITE:
        command = nbd_aio_pwrite(d->nbd, memory->iov_base, memory->iov_len, offset, then, 0);
        break;
    case BLOCK_FLUSH:
        command = nbd_aio_flush(d->nbd, then, 0);
        break;
    case BLOCK_DISCARD:
        command = nbd_aio_trim(d->nbd, bytes, offset, then, 0);
        break;
    }
    if (command < 0)
        part_ended(io, EIO);
}

static void submit_all(struct nbd_disk *d, struct disk_io *io)
{
    uint64_t offset = io->offset, left = io->bytes;

    if (io->operation == BLOCK_FLUSH) {
        issue(d, io, NULL, 0, 0);
    } else if (io->operation == BLOCK_DISCARD) {
        for (uint64_t piece; left; offset += piece, left -= piece) {
            piece = left < DISCARD_PIECE ? left : DISCARD_PIECE;
            io->parts++;
            issue(d, io, NULL, offset, piece);
        }
        part_ended(io, 0);
    } else {
        io->parts = io->vectors;
        for (uint32_t i = 0, n = io->vectors; i < n; i++) {
            uint64_t bytes = io->memory[i].iov_len;
            issue(d, io, &io->memory[i], offset, bytes);
            offset += bytes;
        }
    }
}

static void submit(struct disk *disk, struct disk_io *io)
{
    struct nbd_disk *d = of_disk(disk);

    if (io->operation == BLOCK_FLUSH && d->image) {
        disk_submit(d->image, io);
        return;
    }
    io->error = 0;
    io->parts = 1;
    if (io->operation == BLOCK_FLUSH && nbd_can_flush(d->nbd) <= 0)
        part_ended(io, 0); /* a server without caches, as the protocol has it */
    else if (io->operation == BLOCK_DISCARD && nbd_can_trim(d->nbd) <= 0)
        part_ended(io, EOPNOTSUPP);
    else
        submit_all(d, io);
    look(d);
}

static void close_disk(struct disk *disk)
{
    struct nbd_disk *d = of_disk(disk);

    leave_loop(d);
    nbd_close(d->nbd);
    if (d->image)
        disk_close(d->image);
    free(d);
}

static const struct disk_ops nbd_ops = {.submit = submit, .close = close_disk};

uint64_t disk_nbd_size(const struct disk *disk)
{
    int64_t size = nbd_get_size(of_disk(disk)->nbd);

    return size > 0 ? (uint64_t)size : 0;
}

bool disk_nbd_can_discard(const struct disk *disk)
{
    return nbd_can_trim(of_disk(disk)->nbd) > 0;
}

struct disk *disk_nbd_open(struct event_loop *loop, int socket, const char *name, bool read_only, struct disk *image,
                           const struct disk_nbd_events *events, struct failure *failure)
{
    struct nbd_disk *d = calloc(1, sizeof(*d));

    if (!d) {
        failure_errno(failure, "a disk");
        return NULL;
    }
    *d = (struct nbd_disk){.disk.ops = &nbd_ops,
                           .loop = loop,
                           .events = *events,
                           .read_only = read_only,
                           .image = image,
                           .nbd = nbd_create()};
    if (!d->nbd || nbd_set_export_name(d->nbd, name) || nbd_aio_connect_socket(d->nbd, socket)) {
        failure_set(failure, "the NBD server: %s", nbd_get_error());
        nbd_close(d->nbd);
        free(d);
        return NULL;
    }
    d->source = (struct event_source){.fd = nbd_aio_get_fd(d->nbd), .ready = socket_ready};
    /* A server that is quick, or a worker that is slow, has the negotiation over by now: then nothing more comes from
     * the socket. That it can be written to has the loop look at once in any case. */
    d->waits_for = EPOLLIN | EPOLLOUT;
    if (event_loop_add(loop, &d->source, d->waits_for)) {
        failure_errno(failure, "the NBD server's socket");
        nbd_close(d->nbd);
        free(d);
        return NULL;
    }
    return &d->disk;
}
