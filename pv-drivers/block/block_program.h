/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two programs of the block back end, which differ in what their disks are: hvblock has files and block devices,
 * hvblock-nbd has NBD servers. They are apart because the client of NBD is a library with a heavy following (TLS, XML):
 * it is loaded for guests that have such a disk, and for no other.
 */
#ifndef HAVEN_PV_DRIVERS_BLOCK_BLOCK_PROGRAM_H
#define HAVEN_PV_DRIVERS_BLOCK_BLOCK_PROGRAM_H

#include "common/worker.h"
#include "libhv/failure.h"

struct block_device;

struct block_program {
    const char *name;
    unsigned slot;           /* of its user: common/rights.h */
    const int *system_calls; /* beyond those of all workers */
    /* Sets d->disk from files, of which [1] is there. Sets d->starting if it gets ready later, and then calls
     * block_device_say_connected, or sets d->lost. -1: the files are still the caller's. */
    int (*open_disk)(struct block_device *d, const struct worker_block *m, const int *files, unsigned count,
                     struct failure *failure);
};

int block_main(int argc, char **argv, const struct block_program *program);

/* With what the manager does not know of a disk behind a server. */
void block_device_say_connected(const struct block_device *d);

#endif
