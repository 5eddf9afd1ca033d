/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux's own back ends, xen-blkback and xen-netback: what they leave to the tools, once a device's nodes are written.
 * A disk needs the number of a block device (physical-device), a vif to be made a port of its bridge. Each returns 0
 * when the back end has it, or -1 with the reason; deadline_ms of CLOCK_MONOTONIC.
 */
#ifndef HAVEN_DEVICES_KERNEL_BACKEND_H
#define HAVEN_DEVICES_KERNEL_BACKEND_H

#include "config/disk.h"
#include "config/vif.h"
#include "devices/device_ref.h"
#include "libhv/failure.h"

#include <xenstore.h>

/* Is the driver there? Loads it if it is not. */
int kernel_backend_check(enum device_class class, struct failure *failure);

/* For any back end: is what is behind the disk a block device that Linux's back end has for another one, in a way that
 * does not go together? Linux's takes no locks. */
int kernel_backend_check_disk(struct xs_handle *xs, const struct device_ref *ref, const struct disk_config *disk,
                              struct failure *failure);

int kernel_backend_open_disk(struct xs_handle *xs, const struct device_ref *ref, const struct disk_config *disk,
                             int64_t deadline_ms, struct failure *failure);
int kernel_backend_join_bridge(struct xs_handle *xs, const struct device_ref *ref, const struct vif_config *vif,
                               int64_t deadline_ms, struct failure *failure);

/* For the parts of this module: writes a node of the back end; waits for a file or folder of sysfs ("did not WHAT"). */
bool kernel_backend_write(struct xs_handle *xs, const struct device_ref *ref, const char *node, const char *value);
int kernel_backend_wait_for(struct xs_handle *xs, const struct device_ref *ref, const char *path, const char *what,
                            int64_t deadline_ms, struct failure *failure);

/* Gives what is behind the disk another size (bytes; 0: as it is), which the back end notices when the guest next uses
 * the disk. *now: how large it is. */
int kernel_backend_resize_disk(struct xs_handle *xs, const struct device_ref *ref, uint64_t bytes, uint64_t *now,
                               struct failure *failure);

#endif
