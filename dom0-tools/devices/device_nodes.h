/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nodes of a device in the store, with the names, the permissions and the first values that Xen's tools give them:
 * Linux's drivers on both sides read these. Writers work in the caller's transaction, so that both ends appear at once.
 */
#ifndef HAVEN_DEVICES_DEVICE_NODES_H
#define HAVEN_DEVICES_DEVICE_NODES_H

#include "config/disk.h"
#include "config/vif.h"
#include "devices/device_ref.h"

#include <stdbool.h>
#include <xenstore.h>

/* false with errno. What was there before is gone. */
bool device_nodes_write_disk(struct xs_handle *xs, xs_transaction_t t, const struct device_ref *ref,
                             const struct disk_config *disk);
bool device_nodes_write_vif(struct xs_handle *xs, xs_transaction_t t, const struct device_ref *ref,
                            const struct vif_config *vif);

/* Does the guest have a device of the class with this id, whatever its back end? */
bool device_nodes_exist(struct xs_handle *xs, xs_transaction_t t, enum device_class class, unsigned domid, uint32_t id);

/* Both ends; false with errno. Also when there are none. */
bool device_nodes_remove(struct xs_handle *xs, xs_transaction_t t, const struct device_ref *ref);

/* The back ends' nodes of all devices that the domain has or had. Its own nodes go with it. */
void device_nodes_remove_all(struct xs_handle *xs, unsigned domid);

#endif
