/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks that are files or block devices, by the worker's io_uring (common/worker_uring.h): operations of all its disks
 * are gathered and go to the kernel in one system call.
 */
#ifndef HAVEN_PV_DRIVERS_BLOCK_DISK_URING_H
#define HAVEN_PV_DRIVERS_BLOCK_DISK_URING_H

#include "block/disk.h"

/* The ring of a worker with such disks, which registers memory (the page pool): see worker_uring_open. */
struct worker_uring *disk_uring_ring(void *memory, size_t bytes, int event_channels, int loop, struct failure *failure);

/* A disk in file, which becomes the disk's if this succeeds. */
struct disk *disk_uring_open(struct worker_uring *uring, int file, bool block_device, struct failure *failure);

#endif
