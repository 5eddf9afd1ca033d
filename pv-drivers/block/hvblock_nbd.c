/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvblock-nbd: disks behind NBD servers. See block_program.h. */
#include "block/block_program.h"
#include "block/block_queue.h"
#include "block/disk_nbd.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

static void nbd_lost(void *context, const char *reason)
{
    struct block_device *d = context;

    d->lost = true;
    snprintf(d->why, sizeof(d->why), "%s", reason);
}

static void nbd_ready(void *context, const char *reason)
{
    struct block_device *d = context;

    d->starting = false;
    if (reason) { /* the manager tries again, or knows why not */
        nbd_lost(d, reason);
        return;
    }
    d->limits.sectors = disk_nbd_size(d->disk) / BLKIF_SECTOR;
    d->limits.discard = d->limits.discard && disk_nbd_can_discard(d->disk);
    block_device_say_connected(d);
}

/* files[2], if there is one, is the image that the server writes to and leaves to us to synchronise. */
static int open_disk(struct block_device *d, const struct worker_block *m, const int *files, unsigned count,
                     struct failure *failure)
{
    const struct disk_nbd_events events = {.ready = nbd_ready, .lost = nbd_lost, .context = d};
    struct disk *image = count > 2 ? disk_uring_open(d->block->uring, files[2], false, failure) : NULL;

    if (!m->nbd)
        return failure_set(failure, "disk %u: hvblock-nbd serves NBD servers only", d->id);
    if (count > 2 && !image)
        return -1;
    d->disk = disk_nbd_open(&d->block->worker->loop, files[1], m->nbd_export, m->read_only, image, &events, failure);
    if (!d->disk)
        free(image); /* its file is the caller's again */
    d->starting = true;
    return d->disk ? 0 : -1;
}

static const int system_calls[] = {
    SYS_io_uring_enter, SYS_recvfrom, SYS_sendto, SYS_setsockopt, SYS_getsockopt, SYS_shutdown, SYS_fcntl, SYS_dup, -1};

static const struct block_program hvblock_nbd = {
    .name = "hvblock-nbd", .slot = 2, .system_calls = system_calls, .open_disk = open_disk};

int main(int argc, char **argv)
{
    return block_main(argc, argv, &hvblock_nbd);
}
