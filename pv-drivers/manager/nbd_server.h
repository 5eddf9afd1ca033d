/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NBD servers of our own: a qemu-nbd behind each disk whose image is not raw.
 *
 * It runs so that a kill of it, at any moment, loses nothing that the guest was told is written: it writes what
 * each write changes to the image (its tables too) before it answers, yet leaves making that safe against a loss of
 * power to our fdatasync of the image when the guest flushes. It dies with the manager, and is started anew.
 *
 * Nothing here waits: who wants to know whether it could open its image connects to its path (nbd_connect.h).
 */
#ifndef HAVEN_PV_DRIVERS_MANAGER_NBD_SERVER_H
#define HAVEN_PV_DRIVERS_MANAGER_NBD_SERVER_H

#include "common/event_loop.h"
#include "libhv/failure.h"

#include <stdbool.h>
#include <sys/types.h>

struct nbd_image {
    const char *path, *format; /* QEMU's name of it */
    bool read_only;
    unsigned domid; /* whose disk it is */
};

struct nbd_server {
    struct event_loop *loop;
    pid_t pid; /* 0: none runs */
    int messages;
    char path[64]; /* of its socket */
};

/* Does a format need a server? NULL: no; else QEMU's name of it. */
const char *nbd_server_format(const char *format);

void nbd_server_init(struct nbd_server *server, struct event_loop *loop);
/* Starts one for the image. 0; -1 with the reason. name tells apart servers of the manager. */
int nbd_server_start(struct nbd_server *server, const struct nbd_image *image, const char *name,
                     struct failure *failure);
bool nbd_server_runs(struct nbd_server *server);
/* It could not be connected to, so it is killed: what it said. */
void nbd_server_say_why(struct nbd_server *server, const char *image, struct failure *failure);
/* Asks it to end, and sees to that. Back to the state after init. */
void nbd_server_stop(struct nbd_server *server);

#endif
