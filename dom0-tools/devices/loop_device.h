/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file as a block device, for a back end that takes only these. The loop device is made with "autoclear": it goes
 * when its last user closes it, so that nobody has to remember it. Who makes it keeps it open until the back end has it
 * too; if he dies in between, it is gone. A lock on the file lives as long as it does.
 */
#ifndef HAVEN_DEVICES_LOOP_DEVICE_H
#define HAVEN_DEVICES_LOOP_DEVICE_H

#include "libhv/failure.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The open loop device (close it), with its number; -1 with the reason. */
int loop_device_make(const char *path, bool read_only, dev_t *device, struct failure *failure);

/* Takes the lock of somebody who uses an open file or block device; it lives as long as that is open anywhere. -1:
 * others use it in a way that does not go together. */
int loop_device_lock(int file, const char *path, bool read_only, struct failure *failure);

/* The file has another size. */
int loop_device_refresh(dev_t device, struct failure *failure);

#endif
