/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See stored_devices.h. */
#include "devices/stored_devices.h"
#include "guest/store_layout.h"
#include "guest/stored_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_config(struct xs_handle *xs, xs_transaction_t t, unsigned domid, struct guest_config *guest)
{
    char directory[64];

    snprintf(directory, sizeof(directory), STORE_OURS, domid);
    return stored_config_load_from(xs, t, directory, guest);
}

static bool write_config(struct xs_handle *xs, xs_transaction_t t, unsigned domid, const struct guest_config *guest)
{
    char directory[64], *text = guest_config_with_devices(guest);

    snprintf(directory, sizeof(directory), STORE_OURS, domid);
    bool good = text && stored_config_write(xs, t, directory, text);
    free(text);
    return good;
}

static void drop_disk(struct guest_config *guest, uint32_t device)
{
    for (unsigned i = 0; i < guest->disks; i++)
        if (guest->disk[i].device == device) {
            disk_free(&guest->disk[i]);
            guest->disks--;
            memmove(&guest->disk[i], &guest->disk[i + 1], (guest->disks - i) * sizeof(*guest->disk));
            return;
        }
}

static void drop_vif(struct guest_config *guest, uint32_t devid)
{
    for (unsigned i = 0; i < guest->vifs; i++)
        if (guest->vif[i].devid == devid) {
            guest->vifs--;
            memmove(&guest->vif[i], &guest->vif[i + 1], (guest->vifs - i) * sizeof(*guest->vif));
            return;
        }
}

bool stored_devices_add_disk(struct xs_handle *xs, xs_transaction_t t, unsigned domid, const struct disk_config *disk)
{
    struct guest_config guest;

    if (!has_config(xs, t, domid, &guest))
        return errno == ENOENT;
    drop_disk(&guest, disk->device);
    struct disk_config *grown = realloc(guest.disk, (guest.disks + 1) * sizeof(*grown));
    if (grown) {
        guest.disk = grown;
        guest.disk[guest.disks++] = *disk; /* with the caller's text */
    }
    bool good = grown && write_config(xs, t, domid, &guest);
    if (grown)
        guest.disks--;
    guest_config_free(&guest);
    return good;
}

bool stored_devices_add_vif(struct xs_handle *xs, xs_transaction_t t, unsigned domid, const struct vif_config *vif)
{
    struct guest_config guest;

    if (!has_config(xs, t, domid, &guest))
        return errno == ENOENT;
    drop_vif(&guest, vif->devid);
    struct vif_config *grown = realloc(guest.vif, (guest.vifs + 1) * sizeof(*grown));
    if (grown) {
        guest.vif = grown;
        guest.vif[guest.vifs++] = *vif;
    }
    bool good = grown && write_config(xs, t, domid, &guest);
    guest_config_free(&guest);
    return good;
}

bool stored_devices_remove(struct xs_handle *xs, xs_transaction_t t, const struct device_ref *ref)
{
    struct guest_config guest;

    if (!has_config(xs, t, ref->domid, &guest))
        return errno == ENOENT || errno == EINVAL; /* a device must go, whatever its guest was made of */
    if (ref->class == DEVICE_BLOCK)
        drop_disk(&guest, ref->id);
    else
        drop_vif(&guest, ref->id);
    bool good = write_config(xs, t, ref->domid, &guest);
    guest_config_free(&guest);
    return good;
}
