/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See worker.h. */
#include "common/worker.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int worker_send(int socket, const struct worker_message *message, const int *files, unsigned count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * WORKER_FILES_MAX)];
    } control = {.header = {.cmsg_len = 0}};
    struct iovec bytes = {.iov_base = (void *)(uintptr_t)message, .iov_len = sizeof(*message)};
    struct msghdr out = {.msg_iov = &bytes, .msg_iovlen = 1};
    ssize_t sent;

    if (count > WORKER_FILES_MAX) {
        errno = E2BIG;
        return -1;
    }
    if (count) {
        out.msg_control = control.space;
        out.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        control.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof(int) * count), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), files, sizeof(int) * count);
    }
    do
        sent = sendmsg(socket, &out, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == sizeof(*message) ? 0 : -1;
}

int worker_receive(int socket, struct worker_message *message, int *files, unsigned *count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * WORKER_FILES_MAX)];
    } control;
    struct iovec bytes = {.iov_base = message, .iov_len = sizeof(*message)};
    struct msghdr in = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control)};
    ssize_t got;

    *count = 0;
    do
        got = recvmsg(socket, &in, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return (int)got;
    struct cmsghdr *c = CMSG_FIRSTHDR(&in);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
        *count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(files, CMSG_DATA(c), sizeof(int) * *count);
    }
    if (got == sizeof(*message) && !(in.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && message->queues <= WORKER_QUEUES_MAX) {
        message->text[WORKER_TEXT_MAX - 1] = 0;
        return 1;
    }
    for (unsigned i = 0; i < *count; i++)
        close(files[i]);
    *count = 0;
    errno = EBADMSG;
    return -1;
}
