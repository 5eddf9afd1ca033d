/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds a guest's bytes: an open file (disk_uring.c) or an NBD server (disk_nbd.c). Operations run side by side
 * and end in any order. The caller keeps a disk_io and its memory until its done is called, which may be before submit
 * returns or at any later time from the loop.
 */
#ifndef HAVEN_PV_DRIVERS_BLOCK_DISK_H
#define HAVEN_PV_DRIVERS_BLOCK_DISK_H

#include "block/blkif_parse.h"
#include "common/worker_uring.h"
#include "libhv/failure.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct disk;

struct disk_io {
    enum block_operation operation;
    uint64_t offset, bytes; /* on the disk */
    struct iovec *memory;   /* of reads and writes; the disk may change it */
    uint32_t vectors;
    bool pinned; /* memory is one piece of what io_uring has registered */
    /* error: 0 or errno. EOPNOTSUPP: the disk has no such operation. */
    void (*done)(struct disk_io *io, int error);
    struct disk *disk; /* set by disk_submit */
    /* The disk's own, while it has it. */
    struct uring_operation entry;
    struct disk_io *next;
    unsigned parts;
    int error;
};

struct disk_ops {
    void (*submit)(struct disk *disk, struct disk_io *io);
    void (*close)(struct disk *disk); /* nothing is under way; frees it and closes its file */
};

struct disk {
    const struct disk_ops *ops;
};

static inline void disk_submit(struct disk *disk, struct disk_io *io)
{
    io->disk = disk;
    disk->ops->submit(disk, io);
}

static inline void disk_close(struct disk *disk)
{
    disk->ops->close(disk);
}

#endif
