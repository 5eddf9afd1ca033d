/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TAP interface of dom0 with any number of queues, all of them non-blocking files that carry a virtio_net_hdr before
 * each frame. It exists as long as one of its queues is open, in whatever process: nobody needs to clean up after a
 * killed one.
 */
#ifndef HAVEN_PV_DRIVERS_MANAGER_TAP_H
#define HAVEN_PV_DRIVERS_MANAGER_TAP_H

#include "libhv/failure.h"
#include "network/links.h"

#include <stdbool.h>
#include <stdint.h>

/* One more queue of the interface, which is made if there is none: the file, or -1 with the reason. */
int tap_open_queue(const char *name, struct failure *failure);

/* What the reader of the queues takes: blank checksums, segmentation. */
struct tap_offload {
    bool csum, tso_v4, tso_v6;
};
int tap_set_offload(int queue, const struct tap_offload *offload, struct failure *failure);
/* Without carrier the interface takes no frames: nobody reads them. */
int tap_set_carrier(int queue, bool on);

/* Address, MTU (0: the bridge's), bridge ("": none), up; no IPv6 of dom0's own on it. */
int tap_configure(const char *name, const char *bridge, uint32_t mtu, struct failure *failure);

#endif
