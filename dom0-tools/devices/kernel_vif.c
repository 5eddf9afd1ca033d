/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See kernel_backend.h: interfaces that xen-netback makes, named, and made ports of their bridges by rtnetlink. */
#include "devices/kernel_backend.h"
#include "libhv/store.h"
#include "network/links.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int find_bridge(struct netlink *n, const char *name, struct link *bridge, struct failure *failure)
{
    int found = link_find(n, name, bridge);

    if (found < 0)
        return failure_errno(failure, "looking up the bridge %s", name);
    if (!found)
        return failure_set(failure, "there is no bridge %s: \"hvctl network-setup --bridge %s\" makes one", name, name);
    if (strcmp(bridge->kind, "bridge") != 0)
        return failure_set(failure, "%s is an interface, but no bridge", name);
    return 0;
}

/* It gets its name while it is down, as it is at first. */
static int configure(struct netlink *n, const char *made, const struct vif_config *vif, uint32_t *mtu,
                     struct failure *failure)
{
    struct link bridge, link;

    if (find_bridge(n, vif->bridge, &bridge, failure))
        return -1;
    if (link_find(n, made, &link) <= 0)
        return failure_errno(failure, "looking up the interface %s", made);
    *mtu = vif->mtu ? vif->mtu : bridge.mtu;
    const struct link_change first = {.name = vif->name[0] ? vif->name : NULL, .mtu = *mtu};
    const struct link_change second = {.master_set = true, .master = bridge.index, .up_set = true, .up = true};
    if (link_change(n, link.index, &first))
        return failure_errno(failure, "interface %s: the name \"%s\" and an MTU of %" PRIu32, made, vif->name, *mtu);
    if (link_change(n, link.index, &second))
        return failure_errno(failure, "adding interface %s to the bridge %s", made, vif->bridge);
    return 0;
}

/* The guest reads how large its packets can be. */
static bool tell_mtu(struct xs_handle *xs, const struct device_ref *ref, uint32_t mtu)
{
    char front[DEVICE_PATH_MAX], path[DEVICE_PATH_MAX + 8], text[16];

    device_ref_front(ref, front);
    snprintf(path, sizeof(path), "%s/mtu", front);
    snprintf(text, sizeof(text), "%" PRIu32, mtu);
    return store_write(xs, XBT_NULL, path, text);
}

int kernel_backend_join_bridge(struct xs_handle *xs, const struct device_ref *ref, const struct vif_config *vif,
                               int64_t deadline_ms, struct failure *failure)
{
    char made[IFNAMSIZ], path[64];
    struct netlink n;
    uint32_t mtu = 0;

    snprintf(made, sizeof(made), "vif%u.%" PRIu32, ref->domid, ref->id);
    snprintf(path, sizeof(path), "/sys/class/net/%s", made);
    if (kernel_backend_wait_for(xs, ref, path, "make the interface", deadline_ms, failure) || netlink_open(&n, failure))
        return -1;
    int r = configure(&n, made, vif, &mtu, failure);
    netlink_close(&n);
    if (!r && (!tell_mtu(xs, ref, mtu) || !kernel_backend_write(xs, ref, "vifname", vif->name[0] ? vif->name : made) ||
               !kernel_backend_write(xs, ref, "hotplug-status", "connected")))
        r = failure_errno(failure, "writing to the store");
    return r;
}
