/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients over the UNIX socket: processes of dom0's root, all privileged. Descriptors are watched edge-triggered: what
 * can be read is remembered, so a client that asks and waits costs one epoll_wait, one read and one write per request.
 */
#ifndef HAVEN_XENSTORE_SOCKET_H
#define HAVEN_XENSTORE_SOCKET_H

#include "xenstore/schedule.h"
#include "xenstore/store.h"
#include <stdint.h>

struct socket_client;

struct socket_server {
    struct store *store;
    struct schedule *schedule;
    int epoll, listener;
    struct socket_client *clients;
    unsigned count;
};

/* Listens at path; what stands there is replaced. -1 with errno. The listener's events carry the server's address,
 * those of clients theirs. */
int socket_server_start(struct socket_server *server, const char *path, struct store *store, struct schedule *schedule,
                        int epoll);
void socket_server_accept(struct socket_server *server);
/* An event of a client's descriptor. */
void socket_client_event(struct socket_client *client, uint32_t events);

#endif
