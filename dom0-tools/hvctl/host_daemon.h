/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting a daemon and waiting until it is ready, for hvctl host. */
#ifndef HAVEN_HVCTL_HOST_DAEMON_H
#define HAVEN_HVCTL_HOST_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HOST_LOG_DIRECTORY "/var/log/haven"

/* Starts argv in a session of its own, with its output at the end of /var/log/haven/NAME.log, and waits until it says
 * that it is ready (READY=1 as to systemd), or until ready() is true, which is asked when something happens in
 * directory (NULL: never). 0, or -1 with why in text: it ended, or deadline_ms (CLOCK_MONOTONIC) came, after which it
 * is killed. */
struct host_daemon {
    const char *name;
    const char *const *argv;
    bool (*ready)(void);
    const char *directory;
};
int host_daemon_start(const struct host_daemon *daemon, int64_t deadline_ms, char *text, unsigned size);

/* The process that holds the lock on a pid file; 0: nobody. */
pid_t host_daemon_pid(const char *pid_file);

/* SIGTERM to it, then waits for its end. False if it lived on until the deadline. */
bool host_daemon_stop(pid_t pid, int64_t deadline_ms);

#endif
