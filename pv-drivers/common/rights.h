/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives up the rights of a worker before it looks at the first byte of its guest's: own user and group, an empty root
 * directory, limits, no new privileges, and a list of system calls outside of which the process is killed. What it has
 * open stays; new files come only over its socket. A worker that is taken over by its guest can do to dom0 what its
 * open files allow: that guest's grants, that guest's event channels, that guest's images.
 */
#ifndef HAVEN_PV_DRIVERS_COMMON_RIGHTS_H
#define HAVEN_PV_DRIVERS_COMMON_RIGHTS_H

/* What a kind of worker needs beyond what all do: memory without PROT_EXEC, clocks, read(v), write(v), epoll, messages
 * and files from its socket, its ioctls of evtchn and gntdev. */
struct rights {
    const int *system_calls;     /* SYS_..., -1 ends it; NULL: none */
    const unsigned long *ioctls; /* requests, 0 ends it; NULL: none */
    unsigned files;              /* how many may be open */
    unsigned threads;            /* of the process, io_uring's in the kernel among them */
    unsigned slot; /* its user among those of one domain: 0 block, 1 net, 2 block over NBD, 3 its servers */
};

#define RIGHTS_UID_BASE  2000000000u /* no system gives ids from here to users or containers */
#define RIGHTS_UIDS_EACH 4u          /* for each domain */

/* 0, or -1 with errno, and *step says what failed. */
int rights_drop(const struct rights *rights, unsigned domid, const char **step);

#endif
