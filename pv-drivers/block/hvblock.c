/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvblock: disks that are files or block devices. See block_program.h. */
#include "block/block_program.h"
#include "block/block_queue.h"

#include <sys/syscall.h>

static int open_disk(struct block_device *d, const struct worker_block *m, const int *files, unsigned count,
                     struct failure *failure)
{
    if (count != 2 || m->nbd)
        return failure_set(failure, "disk %u: hvblock serves files and block devices only", d->id);
    d->disk = disk_uring_open(d->block->uring, files[1], m->block_device, failure);
    return d->disk ? 0 : -1;
}

static const int system_calls[] = {SYS_io_uring_enter, SYS_dup, -1};

static const struct block_program hvblock = {
    .name = "hvblock", .slot = 0, .system_calls = system_calls, .open_disk = open_disk};

int main(int argc, char **argv)
{
    return block_main(argc, argv, &hvblock);
}
