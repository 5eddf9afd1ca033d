/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NBD servers behind disks: a qemu-nbd of our own for an image that is not raw, or one that is given by its URI.
 *
 * Our own runs so that a kill of it, at any moment, loses nothing that the guest was told is written: it writes what
 * each write changes to the image (its tables too) before it answers, yet leaves making that safe against a loss of
 * power to our fdatasync of the image when the guest flushes. It dies with the manager, and is started anew.
 */
#ifndef HAVEN_PV_DRIVERS_MANAGER_NBD_SERVER_H
#define HAVEN_PV_DRIVERS_MANAGER_NBD_SERVER_H

#include "libhv/failure.h"

#include <stdbool.h>
#include <sys/types.h>

struct nbd_server {
    pid_t pid; /* 0: none runs */
    int listener, messages;
    char path[64]; /* of its socket */
};

/* Does a format need a server? NULL: no; else QEMU's name of it. */
const char *nbd_server_format(const char *format);

/* Starts one for the image, and waits until it has opened it. 0; -1 with the reason (what the server says). name tells
 * apart servers of the manager. */
int nbd_server_start(struct nbd_server *server, const char *name, const char *format, const char *image, bool read_only,
                     struct failure *failure);
bool nbd_server_runs(struct nbd_server *server);
/* A new connection to it; -1 with the reason. */
int nbd_server_connect(const struct nbd_server *server, struct failure *failure);
void nbd_server_stop(struct nbd_server *server);

/* nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH: a connection; -1 with the reason. */
int nbd_uri_connect(const char *uri, char *export_name, size_t room, struct failure *failure);

#endif
