/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's console on this terminal: the pty that the console daemon (hvconsoled or xenconsoled) names in the store,
 * between stdin and stdout, until the escape character is typed, the guest is gone, or a signal comes.
 *
 * With since_boot the output comes from the log instead, which has all of it; the pty then only rings when there is
 * more.
 */
#ifndef HAVEN_HVCTL_CONSOLE_ATTACH_H
#define HAVEN_HVCTL_CONSOLE_ATTACH_H

#include "hvctl/command.h"
#include <stdbool.h>

struct console_options {
    char escape; /* the byte that detaches */
    bool since_boot;
    const char *log_dir;
};

/* Returns the exit status, after a message if it is not COMMAND_OK. */
int console_attach(struct command *c, unsigned domid, const struct console_options *options);

#endif
