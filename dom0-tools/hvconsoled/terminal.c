/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvconsoled/terminal.h"
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int terminal_open(struct terminal *terminal)
{
    struct termios settings;

    terminal->backlog.start = terminal->backlog.size = 0;
    if (openpty(&terminal->master, &terminal->slave, NULL, NULL, NULL) != 0) {
        terminal->master = terminal->slave = -1;
        return -1;
    }
    fcntl(terminal->master, F_SETFD, FD_CLOEXEC);
    fcntl(terminal->slave, F_SETFD, FD_CLOEXEC);
    if (ptsname_r(terminal->master, terminal->path, sizeof(terminal->path)) == 0 &&
        tcgetattr(terminal->slave, &settings) == 0) {
        cfmakeraw(&settings);
        if (tcsetattr(terminal->slave, TCSANOW, &settings) == 0 && fcntl(terminal->master, F_SETFL, O_NONBLOCK) == 0)
            return 0;
    }
    int reason = errno;
    terminal_close(terminal);
    errno = reason;
    return -1;
}

void terminal_close(struct terminal *terminal)
{
    if (terminal->master >= 0)
        close(terminal->master);
    if (terminal->slave >= 0)
        close(terminal->slave);
    terminal->master = terminal->slave = -1;
}

void terminal_flush(struct terminal *terminal)
{
    const char *data;
    size_t size;

    while (terminal->master >= 0 && (size = backlog_peek(&terminal->backlog, &data)) > 0) {
        ssize_t written = write(terminal->master, data, size);

        if (written <= 0)
            return;
        backlog_drop(&terminal->backlog, (size_t)written);
    }
}

void terminal_write(struct terminal *terminal, const char *data, size_t size)
{
    if (terminal->master < 0)
        return;
    /* What is in the pty is older than what must go from the backlog: it goes with it. */
    if (backlog_put(&terminal->backlog, data, size) > 0)
        tcflush(terminal->slave, TCIFLUSH);
    terminal_flush(terminal);
}

bool terminal_has_backlog(const struct terminal *terminal)
{
    return terminal->backlog.size > 0;
}

bool terminal_is_read(const struct terminal *terminal)
{
    int waiting = 0;

    return terminal->slave < 0 ||
           (!terminal_has_backlog(terminal) && ioctl(terminal->slave, FIONREAD, &waiting) == 0 && waiting == 0);
}

size_t terminal_read(struct terminal *terminal, char *data, size_t size)
{
    ssize_t got = terminal->master < 0 ? 0 : read(terminal->master, data, size);

    return got > 0 ? (size_t)got : 0;
}
