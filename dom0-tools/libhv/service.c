/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libhv/service.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int ready_pipe = -1; /* to the process that waits; -1: in the foreground */

static int write_pid(int lock)
{
    char text[16];
    int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());

    return ftruncate(lock, 0) == 0 && pwrite(lock, text, (size_t)length, 0) == length ? 0 : -1;
}

int service_lock(const char *path)
{
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    if (lock < 0)
        return -1;
    if (flock(lock, LOCK_EX | LOCK_NB) == 0 && write_pid(lock) == 0)
        return lock;
    int reason = errno;
    close(lock);
    errno = reason;
    return -1;
}

int service_fork(int lock)
{
    int ends[2];
    char byte;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t pid = fork();
    if (pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return -1;
    }
    if (pid > 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(ends[0]);
    ready_pipe = ends[1];
    setsid();
    if (chdir("/") != 0)
        return -1;
    return write_pid(lock);
}

static void tell_systemd(void)
{
    static const char text[] = "READY=1";
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = name ? strlen(name) : 0;

    if (length == 0 || length >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, name, length);
    if (name[0] == '@') /* an abstract name */
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto(fd, text, sizeof(text) - 1, MSG_NOSIGNAL, (struct sockaddr *)&address,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(fd);
}

void service_ready(void)
{
    tell_systemd();
    if (ready_pipe < 0)
        return;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd <= 2; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
    if (write(ready_pipe, "", 1) != 1)
        perror("the process that started this daemon is gone");
    close(ready_pipe);
    ready_pipe = -1;
}
