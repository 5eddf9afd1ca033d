/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See list_devices.h. All comes from the back ends' nodes: what the guest has now, whoever gave it. */
#include "hvctl/list_devices.h"
#include "devices/device_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_node(struct xs_handle *xs, struct json *j, const struct device_ref *ref, const char *member,
                       const char *node)
{
    char *text = device_read_back(xs, ref, node);

    if (text && *text)
        json_text(j, member, text);
    free(text);
}

static void print_states(struct xs_handle *xs, struct json *j, const struct device_ref *ref)
{
    json_text(j, "backend_state", device_state_name(device_back_state(xs, ref)));
    json_text(j, "frontend_state", device_state_name(device_front_state(xs, ref)));
    print_node(xs, j, ref, "error", "hotplug-error");
}

/* QEMU's back end has the format before the path, "qcow2:/path"; the others have a node of its own, or none. */
static void print_target(struct xs_handle *xs, struct json *j, const struct device_ref *ref)
{
    char *params = device_read_back(xs, ref, "params"), *format = device_read_back(xs, ref, "format");
    char *colon = params && strcmp(ref->back, "qdisk") == 0 ? strchr(params, ':') : NULL;

    if (colon)
        *colon = '\0';
    json_text(j, "pdev_path", colon ? colon + 1 : params && *params ? params : NULL);
    json_text(j, "format", colon ? params : format ? format : "raw");
    free(params);
    free(format);
}

static void print_flag(struct json *j, const char *member, bool value)
{
    json_text(j, member, value ? "True" : "False"); /* xl's spelling */
}

static void print_disk(struct xs_handle *xs, struct json *j, const struct device_ref *ref)
{
    char *mode = device_read_back(xs, ref, "mode"), *type = device_read_back(xs, ref, "device-type");

    json_object_begin(j, NULL);
    print_target(xs, j, ref);
    print_node(xs, j, ref, "vdev", "dev");
    json_text(j, "backend", device_ref_is_kernels(ref) ? "phy" : ref->back);
    print_node(xs, j, ref, "script", "script");
    json_unsigned(j, "removable", device_back_number(xs, ref, "removable", 0) == 1);
    json_unsigned(j, "readwrite", mode && *mode == 'w');
    json_unsigned(j, "is_cdrom", type && strcmp(type, "cdrom") == 0);
    json_boolean(j, "direct_io_safe", device_back_number(xs, ref, "direct-io-safe", 0) == 1);
    print_flag(j, "discard_enable", device_back_number(xs, ref, "discard-enable", 1) == 1);
    print_flag(j, "colo_enable", false);
    print_flag(j, "colo_restore_enable", false);
    print_states(xs, j, ref);
    json_object_end(j);
    free(mode);
    free(type);
}

static void print_nic(struct xs_handle *xs, struct json *j, const struct device_ref *ref)
{
    char *rate = device_read_back(xs, ref, "rate");
    uint64_t bytes, interval;

    json_object_begin(j, NULL);
    json_unsigned(j, "devid", ref->id);
    print_node(xs, j, ref, "mac", "mac");
    print_node(xs, j, ref, "ip", "ip");
    print_node(xs, j, ref, "bridge", "bridge");
    print_node(xs, j, ref, "ifname", "vifname");
    print_node(xs, j, ref, "script", "script");
    print_node(xs, j, ref, "gatewaydev", "gatewaydev");
    json_text(j, "nictype", "vif");
    json_text(j, "backend", ref->back);
    if (rate && sscanf(rate, "%" SCNu64 ",%" SCNu64, &bytes, &interval) == 2) {
        json_unsigned(j, "rate_bytes_per_interval", bytes);
        json_unsigned(j, "rate_interval_usecs", interval);
    }
    json_signed(j, "mtu", device_front_number(xs, ref, "mtu", 1500));
    print_states(xs, j, ref);
    json_object_end(j);
    free(rate);
}

static void print_class(struct xs_handle *xs, struct json *j, unsigned domid, enum device_class class,
                        const char *member)
{
    struct device_ref *list;
    int n = device_list(xs, XBT_NULL, domid, class, &list);

    if (n > 0)
        json_array_begin(j, member);
    for (int i = 0; i < n; i++)
        (class == DEVICE_BLOCK ? print_disk : print_nic)(xs, j, &list[i]);
    if (n > 0)
        json_array_end(j);
    free(list);
}

void list_print_devices(struct xs_handle *xs, struct json *j, unsigned domid)
{
    print_class(xs, j, domid, DEVICE_BLOCK, "disks");
    print_class(xs, j, domid, DEVICE_NET, "nics");
}
