/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pty of one guest's console: the guest is at the master, whoever watches opens the slave. The daemon holds the
 * slave open, too, so that coming and going of watchers is no event. What nobody reads waits in the pty and in a
 * backlog; when that is full, the oldest output goes. It is in the log.
 */
#ifndef HAVEN_HVCONSOLED_TERMINAL_H
#define HAVEN_HVCONSOLED_TERMINAL_H

#include "hvconsoled/backlog.h"
#include <stdbool.h>
#include <sys/types.h>

struct terminal {
    int master, slave; /* -1: closed */
    char path[64];     /* of the slave */
    struct backlog backlog;
};

int terminal_open(struct terminal *terminal); /* -1 with errno */
void terminal_close(struct terminal *terminal);

/* Never blocks. */
void terminal_write(struct terminal *terminal, const char *data, size_t size);
/* Moves the backlog into the pty as far as it goes. */
void terminal_flush(struct terminal *terminal);
bool terminal_has_backlog(const struct terminal *terminal);
/* Whether everything written so far was read by somebody. */
bool terminal_is_read(const struct terminal *terminal);
/* What was typed; 0 when nothing was. */
size_t terminal_read(struct terminal *terminal, char *data, size_t size);

#endif
