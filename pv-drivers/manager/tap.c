/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TAP interface. See tap.h. */
#include "manager/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* High, so that the bridge does not take it for its own: the address that Xen's scripts give. */
static const uint8_t tap_mac[6] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff};

int tap_open_queue(const char *name, struct failure *failure)
{
    struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return failure_set(failure, "/dev/net/tun is missing: load the module tun");
    if (fd < 0)
        return failure_errno(failure, "cannot open /dev/net/tun");
    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
    if (!ioctl(fd, TUNSETIFF, &r))
        return fd;
    if (errno == EINVAL)
        failure_set(failure, "cannot make the interface %s: another of that name exists that is no such TAP", name);
    else
        failure_errno(failure, "cannot make the interface %s", name);
    close(fd);
    return -1;
}

int tap_set_offload(int queue, const struct tap_offload *offload, struct failure *failure)
{
    unsigned flags = 0;
    if (offload->csum)
        flags |= TUN_F_CSUM;
    if (offload->csum && offload->tso_v4)
        flags |= TUN_F_TSO4 | TUN_F_TSO_ECN;
    if (offload->csum && offload->tso_v6)
        flags |= TUN_F_TSO6 | TUN_F_TSO_ECN;
    if (ioctl(queue, TUNSETOFFLOAD, (unsigned long)flags))
        return failure_errno(failure, "cannot set the offloads of a TAP");
    return 0;
}

int tap_set_carrier(int queue, bool on)
{
    int value = on;
    return ioctl(queue, TUNSETCARRIER, &value);
}

/* dom0 does not speak on a guest's interface: no router solicitations, no address. Without IPv6 there is no file. */
static void refuse_ipv6(const char *name)
{
    char path[64 + IFNAMSIZ];
    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, "1", 1) != 1) {
        /* It speaks too much then, which harms nobody. */
    }
    close(fd);
}

static int find_bridge(struct netlink *n, const char *name, struct link *bridge, struct failure *failure)
{
    int found = link_find(n, name, bridge);
    if (found < 0)
        return failure_errno(failure, "cannot look up the bridge %s", name);
    if (!found)
        return failure_set(failure, "there is no bridge %s: \"hvctl network-setup --bridge %s\" makes one", name, name);
    if (strcmp(bridge->kind, "bridge") != 0)
        return failure_set(failure, "%s is an interface, but no bridge", name);
    return 0;
}

static int configure(struct netlink *n, const char *name, const char *bridge_name, uint32_t mtu,
                     struct failure *failure)
{
    struct link bridge = {.index = 0}, tap;
    if (bridge_name[0] && find_bridge(n, bridge_name, &bridge, failure))
        return -1;
    int found = link_find(n, name, &tap);
    if (found <= 0)
        return found ? failure_errno(failure, "cannot look up %s", name) : failure_set(failure, "%s is gone", name);
    refuse_ipv6(name);
    struct link_change change = {.mac = tap_mac, .mtu = mtu ? mtu : bridge.mtu};
    if (link_change(n, tap.index, &change))
        return failure_errno(failure, "cannot set up %s (MTU %u)", name, change.mtu);
    change = (struct link_change){
        .master_set = bridge.index && tap.master != bridge.index, .master = bridge.index, .up_set = true, .up = true};
    if (link_change(n, tap.index, &change))
        return failure_errno(failure, "cannot add %s to the bridge %s", name, bridge_name);
    return 0;
}

int tap_configure(const char *name, const char *bridge, uint32_t mtu, struct failure *failure)
{
    struct netlink n;
    if (netlink_open(&n, failure))
        return -1;
    int failed = configure(&n, name, bridge, mtu, failure);
    netlink_close(&n);
    return failed;
}
