/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See disk_uring.h. An operation may end short, as read(2) may: the rest is asked for again, until nothing more comes,
 * which is an error (a file that somebody else made shorter).
 *
 * Discard is fallocate with a hole; a block device is asked first to discard without a promise of zeroes, which costs
 * the least, then as a file.
 */
#include "block/disk_uring.h"

#include <errno.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTRIES 256

#define HOLE    (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define DISCARD (HOLE | FALLOC_FL_NO_HIDE_STALE)

struct uring_disk {
    struct disk disk;
    struct worker_uring *uring;
    int file;
    bool plain_discard; /* a block device that does it without a promise of zeroes */
};

struct worker_uring *disk_uring_ring(void *memory, size_t bytes, int event_channels, int loop, struct failure *failure)
{
    static const uint8_t operations[] = {IORING_OP_READV,       IORING_OP_WRITEV, IORING_OP_READ_FIXED,
                                         IORING_OP_WRITE_FIXED, IORING_OP_FSYNC,  IORING_OP_FALLOCATE};
    const struct worker_uring_plan plan = {.entries = ENTRIES,
                                           .operations = operations,
                                           .operation_count = sizeof(operations),
                                           .memory = memory,
                                           .memory_bytes = bytes};

    return worker_uring_open(&plan, event_channels, loop, failure);
}

static void gather(struct uring_disk *d, struct disk_io *io)
{
    struct io_uring_sqe *entry = worker_uring_next(d->uring);
    struct iovec *memory = io->memory;

    switch (io->operation) {
    case BLOCK_READ:
        if (io->pinned)
            io_uring_prep_read_fixed(entry, d->file, memory->iov_base, (unsigned)memory->iov_len, io->offset, 0);
        else if (io->vectors == 1)
            io_uring_prep_read(entry, d->file, memory->iov_base, (unsigned)memory->iov_len, io->offset);
        else
            io_uring_prep_readv(entry, d->file, memory, io->vectors, io->offset);
        break;
    case BLOCK_WRITE:
        if (io->pinned)
            io_uring_prep_write_fixed(entry, d->file, memory->iov_base, (unsigned)memory->iov_len, io->offset, 0);
        else if (io->vectors == 1)
            io_uring_prep_write(entry, d->file, memory->iov_base, (unsigned)memory->iov_len, io->offset);
        else
            io_uring_prep_writev(entry, d->file, memory, io->vectors, io->offset);
        break;
    case BLOCK_FLUSH:
        io_uring_prep_fsync(entry, d->file, IORING_FSYNC_DATASYNC);
        break;
    case BLOCK_DISCARD:
        io_uring_prep_fallocate(entry, d->file, d->plain_discard ? DISCARD : HOLE, (off_t)io->offset, (off_t)io->bytes);
        break;
    }
    worker_uring_own(entry, &io->entry);
}

/* Takes bytes off the front of an operation. */
static void shorten(struct disk_io *io, size_t bytes)
{
    io->offset += bytes;
    io->bytes -= bytes;
    while (bytes && bytes >= io->memory->iov_len) {
        bytes -= io->memory->iov_len;
        io->memory++;
        io->vectors--;
    }
    if (bytes) {
        io->memory->iov_base = (uint8_t *)io->memory->iov_base + bytes;
        io->memory->iov_len -= bytes;
    }
}

static void ended(struct uring_operation *operation, int result)
{
    struct disk_io *io = (struct disk_io *)((char *)operation - offsetof(struct disk_io, entry));
    struct uring_disk *d = (struct uring_disk *)io->disk;

    if (result == -EAGAIN || result == -EINTR)
        gather(d, io);
    else if (io->operation == BLOCK_DISCARD && result == -EOPNOTSUPP && d->plain_discard) {
        d->plain_discard = false;
        gather(d, io);
    } else if (result < 0)
        io->done(io, -result);
    else if (io->operation > BLOCK_WRITE || (uint64_t)result >= io->bytes)
        io->done(io, 0);
    else if (result == 0)
        io->done(io, EIO);
    else {
        shorten(io, (size_t)result);
        gather(d, io);
    }
}

static void submit(struct disk *disk, struct disk_io *io)
{
    io->entry.ended = ended;
    gather((struct uring_disk *)disk, io);
}

static void close_disk(struct disk *disk)
{
    struct uring_disk *d = (struct uring_disk *)disk;

    close(d->file);
    free(d);
}

static const struct disk_ops uring_ops = {.submit = submit, .close = close_disk};

struct disk *disk_uring_open(struct worker_uring *u, int file, bool block_device, struct failure *failure)
{
    struct uring_disk *d = calloc(1, sizeof(*d));

    if (!d) {
        failure_errno(failure, "a disk");
        return NULL;
    }
    *d = (struct uring_disk){.disk.ops = &uring_ops, .uring = u, .file = file, .plain_discard = block_device};
    return &d->disk;
}
