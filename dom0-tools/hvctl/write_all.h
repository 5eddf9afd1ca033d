/* SPDX-License-Identifier: GPL-2.0-or-later */
/* write(2) until all is written, over interruptions and full pipes. */
#ifndef HAVEN_HVCTL_WRITE_ALL_H
#define HAVEN_HVCTL_WRITE_ALL_H

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <unistd.h>

/* 0, or -1 with errno. */
static inline int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);

        if (written >= 0) {
            data += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

#endif
