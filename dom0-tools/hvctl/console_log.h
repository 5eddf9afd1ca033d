/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a guest's console log as the guest wrote it, from its last boot on and along as it grows. The log's form is
 * in hvconsoled/log_format.h; hvconsoled rotates it to PATH.1, PATH.2 ... at any time.
 */
#ifndef HAVEN_HVCTL_CONSOLE_LOG_H
#define HAVEN_HVCTL_CONSOLE_LOG_H

#include "hvconsoled/log_format.h"
#include <limits.h>
#include <stdbool.h>

#define CONSOLE_LOG_DIR "/var/log/haven/console"

struct console_log {
    char path[PATH_MAX];
    int fd; /* of the newest file */
    struct log_reader reader;
};

/* Writes all since the last boot to out (a descriptor). -1 with errno: there is no log, or it can't be written. */
int console_log_replay(struct console_log *log, const char *dir, const char *name, int out);
/* Writes what has come since. -1 with errno. */
int console_log_follow(struct console_log *log, int out);
void console_log_close(struct console_log *log);

#endif
