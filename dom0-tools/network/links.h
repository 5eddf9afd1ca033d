/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces of dom0: looked up, made, changed. All through rtnetlink: no program is run, and what an interface
 * is now is always asked from the kernel.
 */
#ifndef HAVEN_NETWORK_LINKS_H
#define HAVEN_NETWORK_LINKS_H

#include "network/netlink.h"

#include <net/if.h>
#include <stdbool.h>

struct link {
    int index, master; /* 0: none */
    uint32_t mtu;
    bool up, carrier;
    uint8_t mac[6];
    char name[IFNAMSIZ];
    char kind[16]; /* "bridge", "tun", ...; "": a device of its own, a NIC for instance */
};

/* 1: it is there; 0: it is not; -1 with errno. */
int link_find(struct netlink *n, const char *name, struct link *link);
/* All interfaces, one after another; each returns 0 to go on. 0, or -1 with errno. */
int link_each(struct netlink *n, int (*each)(void *context, const struct link *link), void *context);

/* A bridge without spanning tree and without delay until a port forwards. 0, or -1 with errno. */
int link_add_bridge(struct netlink *n, const char *name);
int link_delete(struct netlink *n, int index);

/* What link_change shall change; the rest stays. */
struct link_change {
    const char *name; /* NULL: as it is; else it must be down */
    const uint8_t *mac;
    uint32_t mtu;    /* 0: as it is */
    bool master_set; /* to master; 0: out of its bridge */
    int master;
    bool up_set, up;
};
int link_change(struct netlink *n, int index, const struct link_change *change);

#endif
