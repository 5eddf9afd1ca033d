/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks behind an NBD server (libnbd): images of other formats than raw, which a server that the manager started opens,
 * and remote ones. The manager connects the socket; the negotiation, with a server that may be hostile, is done here.
 *
 * When the server goes away, what is under way ends with ESHUTDOWN, and lost is called once: the manager connects the
 * device to a new server, and what the ring holds is done there.
 */
#ifndef HAVEN_PV_DRIVERS_BLOCK_DISK_NBD_H
#define HAVEN_PV_DRIVERS_BLOCK_DISK_NBD_H

#include "block/disk.h"
#include "common/event_loop.h"

struct disk_nbd_events {
    /* The negotiation is over. reason: NULL, or why there is no disk (only disk_close is left to be called). */
    void (*ready)(void *context, const char *reason);
    void (*lost)(void *context, const char *reason);
    void *context;
};

/* image, unless NULL: the file that the server writes to, without caching anything; it leaves the guest's flushes to
 * us, who make the file safe. Socket and image become the disk's if this succeeds; ready is called from the loop. NULL
 * with the reason. */
struct disk *disk_nbd_open(struct event_loop *loop, int socket, const char *name, bool read_only, struct disk *image,
                           const struct disk_nbd_events *events, struct failure *failure);
/* After ready, in bytes. */
uint64_t disk_nbd_size(const struct disk *disk);
bool disk_nbd_can_discard(const struct disk *disk);

#endif
