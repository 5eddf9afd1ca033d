/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to an NBD server, made beside the manager: names are looked up, hosts may not answer, a server may take
 * long to open its image, and other guests' devices must not wait for that. A process of its own does it, waits for the
 * first byte of the server's greeting (which it leaves there), and hands the socket back; it ends by itself when that
 * takes too long.
 */
#ifndef HAVEN_PV_DRIVERS_MANAGER_NBD_CONNECT_H
#define HAVEN_PV_DRIVERS_MANAGER_NBD_CONNECT_H

#include "common/event_loop.h"
#include "libhv/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct nbd_address {
    char path[108];          /* of a socket of this machine; empty: the host's */
    char host[256], port[8]; /* name or number */
    char export_name[64];
};

/* nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH. 0, or -1 with the reason. Pure. */
int nbd_address_parse(struct nbd_address *address, const char *uri, struct failure *failure);

struct nbd_connect {
    struct event_loop *loop;
    void (*ended)(struct nbd_connect *connect); /* a connection was made, or it failed */
    struct event_source source;                 /* the process's end; fd < 0: none runs */
    pid_t pid;
    unsigned seconds;
    bool has_ended; /* and was not taken yet: */
    int connection; /* -1: failed, why says it */
    struct failure why;
};

void nbd_connect_init(struct nbd_connect *connect, struct event_loop *loop, void (*ended)(struct nbd_connect *connect));
/* Begins; one at a time. -1 with the reason. */
int nbd_connect_begin(struct nbd_connect *connect, const struct nbd_address *address, unsigned seconds,
                      struct failure *failure);
bool nbd_connect_is_under_way(const struct nbd_connect *connect);
/* After the end: the connection, which becomes the caller's, or -1 with the reason. */
int nbd_connect_take(struct nbd_connect *connect, struct failure *failure);
/* Whatever its state: back to that after init. */
void nbd_connect_drop(struct nbd_connect *connect);

#endif
