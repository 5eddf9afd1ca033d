/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waits for what the other side of a device does, by watches; deadlines are of CLOCK_MONOTONIC. 0, or -1 with the
 * reason. */
#ifndef HAVEN_DEVICES_DEVICE_WAIT_H
#define HAVEN_DEVICES_DEVICE_WAIT_H

#include "devices/device_ref.h"
#include "libhv/failure.h"

#include <xenstore.h>

/* The back end is ready for the guest (InitWait, or further). */
int device_wait_ready(struct xs_handle *xs, const struct device_ref *ref, int64_t deadline_ms, struct failure *failure);
/* The back end has closed, since the guest did; or the guest refuses. */
int device_wait_closed(struct xs_handle *xs, const struct device_ref *ref, int64_t deadline_ms,
                       struct failure *failure);
/* The back end has taken the node "resize" away. */
int device_wait_resized(struct xs_handle *xs, const struct device_ref *ref, int64_t deadline_ms,
                        struct failure *failure);

/* Linux's back end has dropped the device whose nodes are gone, and what was behind it; a few seconds at most. */
void device_wait_gone(const struct device_ref *ref);

#endif
