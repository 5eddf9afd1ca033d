/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bridge over a NIC. See bridge_nic.h. The order: the other end gets the addresses as well; each route is replaced by
 * one through the other end, which the kernel does at one stroke; then the old addresses go, and with them what is left
 * of the old routes. The NIC becomes the bridge's port before that, since the other way round packets would leave
 * through a bridge without ports.
 */
#include "network/bridge_nic.h"

#include <errno.h>
#include <string.h>

#define ADDRESSES_MAX 64
#define ROUTES_MAX    128

int bridge_make(struct netlink *n, const char *name, struct link *bridge, bool *made, struct failure *failure)
{
    int found = link_find(n, name, bridge);
    *made = false;
    if (!found && link_add_bridge(n, name)) {
        if (errno == EOPNOTSUPP)
            return failure_set(failure, "the kernel has no bridges: load the module bridge");
        return failure_errno(failure, "cannot make the bridge %s", name);
    }
    if (!found) {
        *made = true;
        found = link_find(n, name, bridge);
    }
    if (found <= 0)
        return failure_errno(failure, "cannot look up %s", name);
    if (strcmp(bridge->kind, "bridge") != 0)
        return failure_set(failure, "%s is an interface, but no bridge: choose another name with --bridge", name);
    struct link_change up = {.up_set = true, .up = true};
    return bridge->up || !link_change(n, bridge->index, &up) ? 0 : failure_errno(failure, "cannot bring up %s", name);
}

static int move_addresses(struct netlink *n, const struct link *from, const struct link *to, unsigned *moved,
                          struct failure *failure)
{
    struct net_address addresses[ADDRESSES_MAX];
    struct net_route routes[ROUTES_MAX];
    int address_count = net_addresses(n, from->index, addresses, ADDRESSES_MAX);
    int route_count = net_routes(n, from->index, routes, ROUTES_MAX);
    if (address_count < 0 || route_count < 0)
        return failure_errno(failure, "cannot list the addresses and routes of %s", from->name);
    for (int i = 0; i < address_count; i++) {
        struct net_address a = addresses[i];
        a.link = to->index;
        if (a.permanent && net_address_add(n, &a))
            return failure_errno(failure, "cannot give an address of %s to %s", from->name, to->name);
    }
    /* Those of the link itself first: others' gateways are reached through them. */
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < route_count; i++) {
            struct net_route r = routes[i];
            r.link = to->index;
            if (r.has_gateway == (pass == 1) && net_route_replace(n, &r))
                return failure_errno(failure, "cannot move a route from %s to %s", from->name, to->name);
        }
    for (int i = 0; i < address_count; i++)
        if (net_address_remove(n, &addresses[i]))
            return failure_errno(failure, "cannot take an address from %s", from->name);
    *moved = (unsigned)address_count;
    return 0;
}

int bridge_take_nic(struct netlink *n, struct link *bridge, const char *name, unsigned *moved, struct failure *failure)
{
    struct link nic;
    int found = link_find(n, name, &nic);
    if (found <= 0)
        return found ? failure_errno(failure, "cannot look up %s", name)
                     : failure_set(failure, "there is no interface %s (\"ip link\" lists them)", name);
    if (nic.master && nic.master != bridge->index)
        return failure_set(failure, "%s belongs to another bridge or bond already", name);
    /* The same address as the NIC: a DHCP server goes on to know this machine. */
    struct link_change same_mac = {.mac = nic.mac};
    if (!nic.master && link_change(n, bridge->index, &same_mac))
        return failure_errno(failure, "cannot set the MAC address of %s", bridge->name);
    struct link_change join = {
        .master_set = !nic.master, .master = bridge->index, .up_set = true, .up = true, .mtu = 0};
    if (link_change(n, nic.index, &join))
        return failure_errno(failure, "cannot add %s to %s (a wireless interface cannot be in a bridge)", name,
                             bridge->name);
    return move_addresses(n, &nic, bridge, moved, failure);
}

int bridge_give_nic_back(struct netlink *n, const struct link *bridge, const struct link *nic, struct failure *failure)
{
    unsigned moved;
    struct link_change leave = {.master_set = true, .master = 0, .up_set = true, .up = true};
    if (link_change(n, nic->index, &leave))
        return failure_errno(failure, "cannot take %s out of %s", nic->name, bridge->name);
    return move_addresses(n, bridge, nic, &moved, failure);
}
