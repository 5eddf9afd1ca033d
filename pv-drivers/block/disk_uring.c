/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See disk_uring.h. Disks' files are used by their numbers and not put into the ring's table, which would keep them
 * open, and locked, for a second after they were taken out. An operation may end short, as read(2) may: the rest is
 * asked for again, until nothing more comes, which is an error (a file that somebody else made shorter).
 *
 * Event channels: one poll of their device is armed for good. When it says that there is something, rings are looked
 * at, whichever ports it is of; the ports are read with the next submission, which would be made anyway, and let in
 * again with the one that sleeps. The device wakes only when it had nothing unread, so nothing may be left in it.
 *
 * Discard is fallocate with a hole; a block device is asked first to discard without a promise of zeroes, which costs
 * the least, then as a file.
 */
#include "block/disk_uring.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/falloc.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTRIES 256

#define HOLE    (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define DISCARD (HOLE | FALLOC_FL_NO_HIDE_STALE)

struct uring {
    struct io_uring ring;
    uint8_t *memory;
    unsigned gathered; /* not submitted yet */
    bool events_armed, loop_armed;
    bool reading;   /* the ports */
    bool read_more; /* there may be more than what was read */
    unsigned woken;
    unsigned port_count; /* read, and not taken yet */
    evtchn_port_t ports[URING_PORTS], heard[URING_PORTS];
};

/* The ring's table of files. */
enum { FILE_EVENTS, FILE_LOOP, FILES };

struct uring_disk {
    struct disk disk;
    struct uring *uring;
    int file;
    bool plain_discard; /* a block device that does it without a promise of zeroes */
};

/* What a completion is of: a disk_io, or one of these. */
static char of_events, of_ports, of_loop, of_heard;

static const uint8_t allowed_operations[] = {IORING_OP_READV,       IORING_OP_WRITEV, IORING_OP_READ_FIXED,
                                             IORING_OP_WRITE_FIXED, IORING_OP_FSYNC,  IORING_OP_FALLOCATE,
                                             IORING_OP_POLL_ADD,    IORING_OP_READ,   IORING_OP_WRITE};
#define ALLOWED (sizeof(allowed_operations) / sizeof(allowed_operations[0]))

static int restrict_ring(struct io_uring *ring)
{
    struct io_uring_restriction rules[ALLOWED + 1] = {
        [ALLOWED] = {.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED,
                     .sqe_flags = IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE},
    };

    for (unsigned i = 0; i < ALLOWED; i++) {
        rules[i] = (struct io_uring_restriction){.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = allowed_operations[i]};
    }
    /* By number: liburing 2.3 declares functions for this and the next, and does not export them. */
    return io_uring_register((unsigned)ring->ring_fd, IORING_REGISTER_RESTRICTIONS, rules, ALLOWED + 1);
}

static int set_up(struct uring *u, size_t bytes, int event_channels, int loop)
{
    const struct iovec pool = {.iov_base = u->memory, .iov_len = bytes};
    const int files[FILES] = {[FILE_EVENTS] = event_channels, [FILE_LOOP] = loop};
    int error = io_uring_register_buffers(&u->ring, &pool, 1);

    if (!error)
        error = io_uring_register_files(&u->ring, files, FILES);
    if (!error)
        io_uring_register_ring_fd(&u->ring); /* saves looking the ring up each time; does without if it can't be */
    if (!error)
        error = restrict_ring(&u->ring);
    if (!error)
        error = io_uring_register((unsigned)u->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
    return error;
}

struct uring *uring_open(void *memory, size_t bytes, int event_channels, int loop, struct failure *failure)
{
    struct io_uring_params params = {
        .flags =
            IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
        .cq_entries = 4 * ENTRIES,
    };
    struct uring *u = calloc(1, sizeof(*u));
    int error;

    if (!u || fcntl(event_channels, F_SETFL, O_NONBLOCK)) {
        failure_errno(failure, "event channels");
        free(u);
        return NULL;
    }
    u->memory = memory;
    error = io_uring_queue_init_params(ENTRIES, &u->ring, &params);
    if (!error) {
        error = set_up(u, bytes, event_channels, loop);
        if (error)
            io_uring_queue_exit(&u->ring);
    }
    if (!error)
        return u;
    errno = -error;
    failure_errno(failure, "io_uring can't be set up (it needs Linux 6.1, and kernel.io_uring_disabled = 0)");
    free(u);
    return NULL;
}

/* Submits, and takes from the kernel what it did; a full completion queue only delays that. */
static void enter(struct uring *u)
{
    u->gathered = 0;
    io_uring_submit_and_get_events(&u->ring);
}

static struct io_uring_sqe *next_entry(struct uring *u)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&u->ring);

    while (!entry) {
        enter(u);
        entry = io_uring_get_sqe(&u->ring);
    }
    u->gathered++;
    return entry;
}

static void gather(struct uring_disk *d, struct disk_io *io)
{
    struct uring *u = d->uring;
    struct io_uring_sqe *entry = next_entry(u);
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
    io_uring_sqe_set_data(entry, io);
}

static void submit(struct disk *disk, struct disk_io *io)
{
    gather((struct uring_disk *)disk, io);
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

static void end(struct disk_io *io, int result)
{
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

/* What was read before has to be taken first. */
static void read_ports(struct uring *u)
{
    struct io_uring_sqe *entry;

    u->read_more = u->reading || u->port_count;
    if (u->read_more)
        return;
    entry = next_entry(u);
    io_uring_prep_read(entry, FILE_EVENTS, u->ports, sizeof(u->ports), 0);
    io_uring_sqe_set_data(entry, &of_ports);
    entry->flags |= IOSQE_FIXED_FILE;
    u->reading = true;
}

static void take_events(struct uring *u, unsigned flags)
{
    u->events_armed = flags & IORING_CQE_F_MORE;
    u->woken |= URING_EVENTS;
    read_ports(u);
}

static void take_ports(struct uring *u, int result)
{
    u->reading = false;
    u->port_count = result > 0 ? (unsigned)result / sizeof(evtchn_port_t) : 0;
    u->read_more |= u->port_count == URING_PORTS;
}

/* What the kernel has done. */
static bool reap(struct uring *u)
{
    struct io_uring_cqe *entry;
    bool any = false;

    while (io_uring_peek_cqe(&u->ring, &entry) == 0) {
        void *of = io_uring_cqe_get_data(entry);
        int result = entry->res;
        unsigned flags = entry->flags;
        io_uring_cqe_seen(&u->ring, entry);
        if (of == &of_events) {
            take_events(u, flags);
        } else if (of == &of_ports) {
            take_ports(u, result);
        } else if (of == &of_loop) {
            u->loop_armed = false;
            u->woken |= URING_LOOP;
        } else if (of != &of_heard) {
            any = true;
            end(of, result);
        }
    }
    return any;
}

bool uring_flush(struct uring *u)
{
    if (!u->gathered)
        return false;
    enter(u);
    return reap(u);
}

/* The ports are let in again; only a failure, which there is none, would be heard of. */
static void let_in(struct uring *u, const evtchn_port_t *heard, unsigned heard_count)
{
    struct io_uring_sqe *entry = next_entry(u);

    for (unsigned i = 0; i < heard_count; i++)
        u->heard[i] = heard[i];
    io_uring_prep_write(entry, FILE_EVENTS, u->heard, heard_count * (unsigned)sizeof(*heard), 0);
    io_uring_sqe_set_data(entry, &of_heard);
    entry->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS; /* its end would end the wait */
}

static void arm(struct uring *u)
{
    struct io_uring_sqe *entry;

    if (!u->events_armed) {
        entry = next_entry(u);
        io_uring_prep_poll_multishot(entry, FILE_EVENTS, POLLIN);
        io_uring_sqe_set_data(entry, &of_events);
        entry->flags |= IOSQE_FIXED_FILE;
        u->events_armed = true;
    }
    if (!u->loop_armed) {
        entry = next_entry(u);
        io_uring_prep_poll_add(entry, FILE_LOOP, POLLIN);
        io_uring_sqe_set_data(entry, &of_loop);
        entry->flags |= IOSQE_FIXED_FILE;
        u->loop_armed = true;
    }
}

static void wait_for_any(struct uring *u, int64_t timeout_ns)
{
    struct __kernel_timespec wait = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    struct io_uring_cqe *entry;

    arm(u);
    u->gathered = 0;
    if (timeout_ns < 0)
        io_uring_submit_and_wait(&u->ring, 1);
    else
        io_uring_submit_and_wait_timeout(&u->ring, &entry, 1, &wait, NULL);
    reap(u);
}

unsigned uring_ports(struct uring *u, evtchn_port_t ports[URING_PORTS])
{
    unsigned count;

    while (u->reading) {
        enter(u);
        reap(u);
    }
    count = u->port_count;
    u->port_count = 0;
    for (unsigned i = 0; i < count; i++)
        ports[i] = u->ports[i];
    return count;
}

unsigned uring_sleep(struct uring *u, const evtchn_port_t *heard, unsigned heard_count, int64_t timeout_ns)
{
    unsigned woken;

    if (heard_count)
        let_in(u, heard, heard_count);
    if (u->read_more) {
        read_ports(u);
        u->woken |= URING_EVENTS;
    }
    if (!u->woken) /* what came while disks were served is not waited for again */
        wait_for_any(u, timeout_ns);
    else if (u->gathered)
        enter(u);
    woken = u->woken;
    u->woken = 0;
    return woken;
}

static void close_disk(struct disk *disk)
{
    struct uring_disk *d = (struct uring_disk *)disk;

    close(d->file);
    free(d);
}

static const struct disk_ops uring_ops = {.submit = submit, .close = close_disk};

struct disk *disk_uring_open(struct uring *u, int file, bool block_device, struct failure *failure)
{
    struct uring_disk *d = calloc(1, sizeof(*d));

    if (!d) {
        failure_errno(failure, "a disk");
        return NULL;
    }
    *d = (struct uring_disk){.disk.ops = &uring_ops, .uring = u, .file = file, .plain_discard = block_device};
    return &d->disk;
}
