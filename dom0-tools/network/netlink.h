/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the kernel's rtnetlink, one at a time, each waited for. What links.h and addresses.h are made of.
 */
#ifndef HAVEN_NETWORK_NETLINK_H
#define HAVEN_NETWORK_NETLINK_H

#include "libhv/failure.h"

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_ROOM 8192 /* MNL_SOCKET_BUFFER_SIZE is at most that */

struct netlink {
    struct mnl_socket *socket;
    uint32_t sequence;
};

struct netlink_request {
    struct nlmsghdr *header;
    char room[NETLINK_ROOM] __attribute__((aligned(8)));
};

int netlink_open(struct netlink *n, struct failure *failure);
void netlink_close(struct netlink *n);

/* Begins a request of a type (RTM_...), with a body of so many zeroed bytes, which is returned. */
void *netlink_begin(struct netlink_request *r, uint16_t type, uint16_t flags, size_t body);
/* Sends it, hands each message of the answer to callback (may be NULL), and waits for the end. 0, or -1 with errno. */
int netlink_run(struct netlink *n, struct netlink_request *r, mnl_cb_t callback, void *context);

#endif
