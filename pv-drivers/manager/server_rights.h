/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives up the rights of an NBD server of ours before it is executed: an image's content decides what it does, and the
 * guest's requests reach it. It keeps what it needs to open the image and the files that the image names (backing
 * files, extents), which qemu-nbd does by their names, so that open files cannot be handed to it:
 *
 *   user       of its guest's own, in no group, with CAP_DAC_OVERRIDE alone: to read and write files whoever owns them
 *   mounts     all read-only and without devices, but the image itself (all its files)
 *   networks   none, and no new sockets
 *   system     no calls that reach other processes, the kernel's configuration, or new namespaces
 */
#ifndef HAVEN_PV_DRIVERS_MANAGER_SERVER_RIGHTS_H
#define HAVEN_PV_DRIVERS_MANAGER_SERVER_RIGHTS_H

#include <stdbool.h>

#define SERVER_FILES_MAX 64

/* In the server's process: files are those of the image. 0, or -1 with errno, and *step says what failed. */
int server_rights_drop(unsigned domid, const char *const *files, unsigned count, bool read_only, const char **step);

#endif
