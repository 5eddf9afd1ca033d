/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every daemon does around its work: to be the only one, to go to the background, to say that it is ready.
 *
 *     lock = service_lock("/run/haven/NAME.pid");     first of all: a second one ends here
 *     if (!no_fork) service_fork(lock);               the first process waits until service_ready, or the daemon's
 * death
 *     ... open everything ...
 *     service_ready();
 */
#ifndef HAVEN_LIBHV_SERVICE_H
#define HAVEN_LIBHV_SERVICE_H

/* Opens and locks the pid file and writes the pid. The lock goes with the process, however it ends; the file stays. -1
 * with errno: EWOULDBLOCK when another process holds it. */
int service_lock(const char *path);

/* Goes to the background: returns in the daemon only, in a session of its own, in "/". Writes the new pid. -1 with
 * errno. */
int service_fork(int lock);

/* Tells systemd (Type=notify) and the process that waits in service_fork. The background daemon lets go of its
 * terminal: stdin, stdout and stderr are /dev/null then. */
void service_ready(void);

#endif
