/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image or block device that becomes a guest's disk: opened, measured and locked.
 *
 * Two locks, both of the open file (F_OFD_SETLK), so that they go when the last process lets go of it, however it ends:
 *
 *   against other users     held from open to close, on the bytes and by the rules that QEMU uses for its images
 *                           (docs/interop of QEMU, "image locking"): readers share, one writer excludes all
 *   against our own past    a byte far beyond the image, held by the open file that one worker has. What a killed
 *                           worker had begun keeps that file, and with it the lock, until it has ended; only then may
 *                           the next worker do it again. (A write that comes late would undo a younger one.)
 */
#ifndef HAVEN_PV_DRIVERS_MANAGER_DISK_IMAGE_H
#define HAVEN_PV_DRIVERS_MANAGER_DISK_IMAGE_H

#include "libhv/failure.h"

#include <stdbool.h>
#include <stdint.h>

struct disk_image {
    int file;
    bool read_only, block_device, direct;
    uint64_t bytes;
    uint32_t sector_size, physical_sector_size;
    bool discard;
    uint32_t discard_granularity, discard_alignment;
};

/* 0; -1; or DEVICE_BUSY (device_kind.h): somebody else uses it. may_be_looped: a loop device on it is the caller's. */
int disk_image_open(struct disk_image *image, const char *path, bool read_only, bool may_be_looped,
                    struct failure *failure);
void disk_image_close(struct disk_image *image);
/* The same file, for one worker. -1; or DEVICE_BUSY: the one before it is not through yet. */
int disk_image_open_again(const struct disk_image *image, int *file, struct failure *failure);
/* Looks at the size anew. */
int disk_image_measure(struct disk_image *image, struct failure *failure);
/* Makes a file larger or smaller; a block device has the size it has. */
int disk_image_resize(struct disk_image *image, uint64_t bytes, struct failure *failure);

#endif
