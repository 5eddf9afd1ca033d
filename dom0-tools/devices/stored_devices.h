/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that come and go while the guest runs, in the configuration that the store keeps: a guest that is made again
 * has what it had. In the caller's transaction; true also when the guest has no stored configuration (another tool set
 * made it).
 */
#ifndef HAVEN_DEVICES_STORED_DEVICES_H
#define HAVEN_DEVICES_STORED_DEVICES_H

#include "config/disk.h"
#include "config/vif.h"
#include "devices/device_ref.h"

#include <xenstore.h>

bool stored_devices_add_disk(struct xs_handle *xs, xs_transaction_t t, unsigned domid, const struct disk_config *disk);
bool stored_devices_add_vif(struct xs_handle *xs, xs_transaction_t t, unsigned domid, const struct vif_config *vif);
bool stored_devices_remove(struct xs_handle *xs, xs_transaction_t t, const struct device_ref *ref);

#endif
