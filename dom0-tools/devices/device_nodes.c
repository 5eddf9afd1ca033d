/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See device_nodes.h. A device's folder gets its permissions first, which the nodes in it inherit: the back end's
 * belongs to dom0 and the guest reads it, the front end's belongs to the guest and dom0 reads it.
 */
#include "devices/device_nodes.h"
#include "libhv/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What xl runs when it takes a device away that a back end of Linux's serves. Nobody runs them else. */
#define XL_SCRIPTS "/etc/xen/scripts"

struct writer {
    struct xs_handle *xs;
    xs_transaction_t t;
    char base[DEVICE_PATH_MAX]; /* the folder that is written */
    bool failed;                /* and errno says why: nothing is written any more */
};

static void put(struct writer *w, const char *node, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void put(struct writer *w, const char *node, const char *format, ...)
{
    char path[DEVICE_PATH_MAX + 40], value[DISK_TARGET_MAX + 1];
    va_list args;

    if (w->failed)
        return;
    va_start(args, format);
    vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    snprintf(path, sizeof(path), "%s/%s", w->base, node);
    w->failed = !store_write(w->xs, w->t, path, value);
}

/* An empty node, "" for the folder itself, that owner owns and reader may read. */
static void make_node(struct writer *w, const char *node, unsigned owner, unsigned reader)
{
    struct xs_permissions p[2] = {{.id = owner, .perms = XS_PERM_NONE}, {.id = reader, .perms = XS_PERM_READ}};
    char path[DEVICE_PATH_MAX + 40];

    if (w->failed)
        return;
    snprintf(path, sizeof(path), "%s%s%s", w->base, *node ? "/" : "", node);
    w->failed = !xs_mkdir(w->xs, w->t, path) || !xs_set_permissions(w->xs, w->t, path, p, 2);
}

static bool remove_node(struct xs_handle *xs, xs_transaction_t t, const char *path)
{
    return xs_rm(xs, t, path) || errno == ENOENT;
}

static void libxl_path(const struct device_ref *ref, char path[DEVICE_PATH_MAX])
{
    snprintf(path, DEVICE_PATH_MAX, "/libxl/%u/device/%s/%" PRIu32, ref->domid, device_class_name(ref->class), ref->id);
}

static void begin_folder(struct writer *w, unsigned owner, unsigned reader)
{
    w->failed = w->failed || !remove_node(w->xs, w->t, w->base);
    make_node(w, "", owner, reader);
}

/* What every back end has. */
static void begin_back(struct writer *w, const struct device_ref *ref)
{
    char front[DEVICE_PATH_MAX];

    device_ref_front(ref, front);
    device_ref_back(ref, w->base);
    begin_folder(w, 0, ref->domid);
    put(w, "frontend", "%s", front);
    put(w, "frontend-id", "%u", ref->domid);
    put(w, "online", "1");
    put(w, "state", "1");
}

static void begin_front(struct writer *w, const struct device_ref *ref)
{
    char back[DEVICE_PATH_MAX];

    device_ref_back(ref, back);
    device_ref_front(ref, w->base);
    begin_folder(w, ref->domid, 0);
    put(w, "backend", "%s", back);
    put(w, "backend-id", "0");
    put(w, "state", "1");
}

/* xl finds the devices of a guest here, with a copy of what the back end's nodes said at first; only those that it can
 * understand: its names of back ends are fixed. */
static bool begin_libxl(struct writer *w, const struct device_ref *ref)
{
    char back[DEVICE_PATH_MAX], front[DEVICE_PATH_MAX];

    if (!device_ref_is_kernels(ref))
        return false;
    device_ref_back(ref, back);
    device_ref_front(ref, front);
    libxl_path(ref, w->base);
    w->failed = w->failed || !remove_node(w->xs, w->t, w->base);
    put(w, "frontend", "%s", front);
    put(w, "backend", "%s", back);
    put(w, "frontend-id", "%u", ref->domid);
    put(w, "online", "1");
    put(w, "state", "1");
    return true;
}

static void write_disk_facts(struct writer *w, const struct disk_config *disk)
{
    if (disk->backend == DISK_BACKEND_KERNEL)
        put(w, "script", XL_SCRIPTS "/block");
    put(w, "params", "%s", disk->target ? disk->target : "");
    put(w, "type", "%s", disk_backend_name(disk->backend));
    put(w, "format", "%s", disk_format_name(disk->format));
    put(w, "dev", "%s", disk->vdev);
    put(w, "removable", "%d", disk->removable);
    put(w, "bootable", "1");
    put(w, "mode", "%s", disk->read_only ? "r" : "w");
    put(w, "device-type", "%s", disk->cdrom ? "cdrom" : "disk");
    put(w, "discard-enable", "%d", disk->discard);
    put(w, "specification", "xen");
    if (disk->direct_io_safe)
        put(w, "direct-io-safe", "1");
}

bool device_nodes_write_disk(struct xs_handle *xs, xs_transaction_t t, const struct device_ref *ref,
                             const struct disk_config *disk)
{
    struct writer w = {.xs = xs, .t = t};

    begin_back(&w, ref);
    write_disk_facts(&w, disk);
    if (begin_libxl(&w, ref))
        write_disk_facts(&w, disk);
    begin_front(&w, ref);
    put(&w, "virtual-device", "%" PRIu32, ref->id);
    put(&w, "device-type", "%s", disk->cdrom ? "cdrom" : "disk");
    put(&w, "trusted", "%d", disk->trusted);
    put(&w, "protocol", "x86_64-abi");
    return !w.failed;
}

/* Linux's back end wants to know of a script, and does not say that it is connected before hotplug-status says so. */
static void write_vif_facts(struct writer *w, const struct device_ref *ref, const struct vif_config *vif)
{
    char mac[VIF_MAC_TEXT];

    vif_mac_format(vif->mac, mac);
    put(w, "handle", "%" PRIu32, ref->id);
    put(w, "mac", "%s", mac);
    put(w, "bridge", "%s", vif->bridge);
    put(w, "script", "%s", device_ref_is_kernels(ref) ? XL_SCRIPTS "/vif-bridge" : "");
    put(w, "type", "vif");
    put(w, "hotplug-status", "%s", "");
    put(w, "haven-antispoof", "%d", vif->antispoof);
    if (vif->name[0])
        put(w, "vifname", "%s", vif->name);
    else if (device_ref_is_ours(ref))
        put(w, "vifname", "vif%u.%" PRIu32, ref->domid, ref->id);
    if (vif->ip[0])
        put(w, "ip", "%s", vif->ip);
    if (vif->gatewaydev[0])
        put(w, "gatewaydev", "%s", vif->gatewaydev);
    if (vif->rate_bytes)
        put(w, "rate", "%" PRIu64 ",%" PRIu32, vif->rate_bytes, vif->rate_interval_us);
    if (vif->mtu)
        put(w, "mtu", "%" PRIu32, vif->mtu);
}

bool device_nodes_write_vif(struct xs_handle *xs, xs_transaction_t t, const struct device_ref *ref,
                            const struct vif_config *vif)
{
    struct writer w = {.xs = xs, .t = t};
    char mac[VIF_MAC_TEXT];

    begin_back(&w, ref);
    write_vif_facts(&w, ref, vif);
    if (begin_libxl(&w, ref))
        write_vif_facts(&w, ref, vif);
    vif_mac_format(vif->mac, mac);
    begin_front(&w, ref);
    put(&w, "handle", "%" PRIu32, ref->id);
    put(&w, "mac", "%s", mac);
    put(&w, "trusted", "%d", vif->trusted);
    make_node(&w, "mtu", 0, ref->domid);
    put(&w, "mtu", "%" PRIu32, vif->mtu ? vif->mtu : VIF_MTU_DEFAULT);
    return !w.failed;
}

bool device_nodes_exist(struct xs_handle *xs, xs_transaction_t t, enum device_class class, unsigned domid, uint32_t id)
{
    for (unsigned i = 0; i < device_backs_count; i++)
        if (device_backs[i].class == class &&
            store_exists(xs, t, "/local/domain/0/backend/%s/%u/%" PRIu32, device_backs[i].name, domid, id))
            return true;
    return false;
}

bool device_nodes_remove(struct xs_handle *xs, xs_transaction_t t, const struct device_ref *ref)
{
    char back[DEVICE_PATH_MAX], front[DEVICE_PATH_MAX], error[DEVICE_PATH_MAX], libxl[DEVICE_PATH_MAX];

    device_ref_back(ref, back);
    device_ref_front(ref, front);
    device_ref_front_error(ref, error);
    libxl_path(ref, libxl);
    return remove_node(xs, t, back) && remove_node(xs, t, front) && remove_node(xs, t, error) &&
           remove_node(xs, t, libxl);
}

void device_nodes_remove_all(struct xs_handle *xs, unsigned domid)
{
    char path[DEVICE_PATH_MAX];

    for (unsigned i = 0; i < device_backs_count; i++) {
        snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u", device_backs[i].name, domid);
        remove_node(xs, XBT_NULL, path);
    }
}
