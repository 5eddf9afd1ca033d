/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and routes of dom0's interfaces, through rtnetlink. */
#ifndef HAVEN_NETWORK_ADDRESSES_H
#define HAVEN_NETWORK_ADDRESSES_H

#include "network/netlink.h"

#include <stdbool.h>
#include <stdint.h>

struct net_address {
    uint8_t family, prefix; /* AF_INET or AF_INET6; bits of the network */
    int link;
    bool permanent; /* not from router advertisements, which come again by themselves */
    uint8_t bytes[16];
    uint8_t broadcast[4];          /* IPv4; zeros: none */
    uint32_t valid_s, preferred_s; /* UINT32_MAX: for ever */
};

struct net_route {
    uint8_t family, prefix, protocol, scope;
    int link;
    bool has_gateway, has_source;
    uint32_t metric;
    uint8_t target[16], gateway[16], source[16];
};

/* All addresses of global scope, and all unicast routes of the main table but those that the kernel makes itself, of an
 * interface (0: of all). At most max; their number, or -1 with errno. */
int net_addresses(struct netlink *n, int link, struct net_address *list, unsigned max);
int net_routes(struct netlink *n, int link, struct net_route *list, unsigned max);

/* 0 also if it is there already, or if it is gone already. */
int net_address_add(struct netlink *n, const struct net_address *a);
int net_address_remove(struct netlink *n, const struct net_address *a);
/* Puts the route in the place of another with the same target and metric. */
int net_route_replace(struct netlink *n, const struct net_route *r);

#endif
