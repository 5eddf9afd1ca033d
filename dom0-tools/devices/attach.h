/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives devices to a guest and takes them away. What the store says is all there is to know: each function can be
 * killed at any moment, and the other one undoes what it did.
 *
 * A device is attached when its back end waits for the guest (InitWait): files are open, interfaces joined their
 * bridge. When the guest connects is its own affair.
 */
#ifndef HAVEN_DEVICES_ATTACH_H
#define HAVEN_DEVICES_ATTACH_H

#include "config/guest_config.h"
#include "devices/device_ref.h"
#include "libhv/failure.h"

#include <xenstore.h>

#define ATTACH_SECONDS 40 /* until a back end must be ready */
#define DETACH_SECONDS 10 /* until a guest must have let go */

/* All devices of a configuration, for a guest that does not run yet. On failure those that were begun are gone. */
int attach_all(struct xs_handle *xs, unsigned domid, const struct guest_config *config, struct failure *failure);

/* One device for a guest that runs; its stored configuration, if hvctl made it, has the device from then on. A vif gets
 * the lowest free devid and a MAC address where it has none. *ref says which it became. */
int attach_disk(struct xs_handle *xs, unsigned domid, const struct disk_config *disk, struct device_ref *ref,
                struct failure *failure);
int attach_vif(struct xs_handle *xs, unsigned domid, struct vif_config *vif, const uint8_t uuid[16],
               struct device_ref *ref, struct failure *failure);

/* Asks the guest to let go of the device, and takes it away then. -1: it refuses, or is silent. force: at once, also
 * when the guest uses it. Its stored configuration does not have the device any more. */
int detach(struct xs_handle *xs, const struct device_ref *ref, bool force, struct failure *failure);

/* bytes 0: look how large it is now. *now says how large it is for the guest. */
int attach_resize(struct xs_handle *xs, const struct device_ref *ref, uint64_t bytes, uint64_t *now,
                  struct failure *failure);

#endif
