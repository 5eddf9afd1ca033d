/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See socket.h. */
#include "xenstore/socket.h"

#include "xenstore/connection.h"
#include "xenstore/journal.h"
#include "xenstore/log.h"
#include "xenstore/memory.h"
#include "xenstore/request.h"
#include "xenstore/wire.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define INPUT_SPACE     8192
#define OUTPUT_HIGH     (256 * 1024)       /* with more waiting a client's requests are left where they are */
#define OUTPUT_TOO_MUCH (64 * 1024 * 1024) /* a client that never reads its events */
_Static_assert(INPUT_SPACE > WIRE_MESSAGE_MAX, "a whole message fits");

struct socket_client {
    struct connection connection; /* first: found from there */
    struct task task;
    struct socket_server *server;
    struct socket_client *next, **previous_next;
    int fd;
    bool readable, blocked, closed; /* blocked: output waits for the client to read */
    bool hung_up;                   /* it closed its end: what it sent is read up to the end, of which no event comes */
    size_t in_start, in_end;
    char in[INPUT_SPACE];
};

static struct socket_client *of_task(struct task *task)
{
    return (struct socket_client *)((char *)task - offsetof(struct socket_client, task));
}

static void close_client(struct socket_client *client)
{
    if (client->closed)
        return;
    client->closed = true;
    schedule_remove(client->server->schedule, &client->task);
    connection_close(&client->connection);
    close(client->fd);
    *client->previous_next = client->next;
    if (client->next)
        client->next->previous_next = client->previous_next;
    client->server->count--;
    free(client);
}

/* False if there is nothing more, now or ever; *ended says which. */
static bool fill_input(struct socket_client *client, bool *ended)
{
    *ended = false;
    if (!client->readable)
        return false;
    if (client->in_start) {
        memmove(client->in, client->in + client->in_start, client->in_end - client->in_start);
        client->in_end -= client->in_start;
        client->in_start = 0;
    }
    size_t space = INPUT_SPACE - client->in_end;
    ssize_t n = read(client->fd, client->in + client->in_end, space);
    if (n > 0) {
        client->in_end += n;
        client->readable = (size_t)n == space || client->hung_up;
        return true;
    }
    client->readable = n < 0 && errno == EINTR;
    *ended = n == 0 || (errno != EAGAIN && errno != EINTR);
    return client->readable;
}

/* The next whole message in the input: handled. 0 if there is none, -1 if it breaks the rules. */
static int handle_next(struct socket_client *client)
{
    const char *bytes = client->in + client->in_start;
    struct xsd_sockmsg header;
    int length = wire_message_length(bytes, client->in_end - client->in_start);

    if (length <= 0 || (size_t)length > client->in_end - client->in_start)
        return length < 0 ? -1 : 0;
    memcpy(&header, bytes, sizeof(header));
    client->in_start += length;
    request_handle(&client->connection, &header, bytes + WIRE_HEADER);
    journal_commit(client->connection.store->journal);
    return 1;
}

static bool serve(struct task *task, int budget)
{
    struct socket_client *client = of_task(task);
    bool ended = false;

    while (budget) {
        if (output_waiting(&client->connection.out) > OUTPUT_HIGH)
            return false; /* goes on when the client has read */
        int handled = handle_next(client);
        if (handled < 0) {
            log_line(LOG_LEVEL_WARNING, "a client of the socket sent a message that is too long: disconnected");
            close_client(client);
            return false;
        }
        budget -= handled;
        if (!handled && !fill_input(client, &ended))
            break;
    }
    if (ended)
        close_client(client);
    return !budget;
}

static void watch_output(struct socket_client *client, bool blocked)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (blocked ? EPOLLOUT : 0),
                                .data.ptr = client};

    if (client->blocked == blocked)
        return;
    client->blocked = blocked;
    epoll_ctl(client->server->epoll, EPOLL_CTL_MOD, client->fd, &event);
}

static void send_output(struct connection *connection)
{
    struct socket_client *client = (struct socket_client *)connection;
    struct output *out = &connection->out;

    while (output_waiting(out)) {
        ssize_t n = send(client->fd, out->bytes + out->start, output_waiting(out), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            output_taken(out, n);
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            close_client(client);
            return;
        }
    }
    if (output_waiting(out) > OUTPUT_TOO_MUCH) {
        log_line(LOG_LEVEL_WARNING, "a client of the socket does not read what it is sent: disconnected");
        close_client(client);
        return;
    }
    watch_output(client, output_waiting(out) > 0);
    if (output_waiting(out) <= OUTPUT_HIGH && (client->readable || client->in_start < client->in_end))
        schedule_add(client->server->schedule, &client->task);
}

void socket_client_event(struct socket_client *client, uint32_t events)
{
    if (events & EPOLLOUT)
        store_dirty(client->connection.store, &client->connection);
    if (events & ~EPOLLOUT) {
        client->hung_up |= (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        client->readable = true;
        schedule_add(client->server->schedule, &client->task);
    }
}

void socket_server_accept(struct socket_server *server)
{
    int fd;

    while ((fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct socket_client *client = memory_alloc(sizeof(*client));
        memset(client, 0, offsetof(struct socket_client, in));
        connection_init(&client->connection, server->store, 0, false);
        client->connection.send = send_output;
        client->task = (struct task){.connection = &client->connection, .serve = serve};
        client->server = server;
        client->fd = fd;
        client->next = server->clients;
        client->previous_next = &server->clients;
        if (client->next)
            client->next->previous_next = &client->next;
        server->clients = client;
        server->count++;
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = client};
        if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event))
            close_client(client);
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
        log_line(LOG_LEVEL_ERROR, "cannot accept one more client (%u are connected): %s", server->count,
                 strerror(errno));
}

int socket_server_start(struct socket_server *server, const char *path, struct store *store, struct schedule *schedule,
                        int epoll)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = server};

    *server = (struct socket_server){.store = store, .schedule = schedule, .epoll = epoll};
    /* Bound beside its place and moved there once it listens, so that the place is never empty after a restart. */
    int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->listener < 0)
        return -1;
    unlink(address.sun_path);
    mode_t mask = umask(0177); /* root alone, from the first moment on */
    int r = bind(server->listener, (struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (r || listen(server->listener, SOMAXCONN) || rename(address.sun_path, path) ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, server->listener, &event)) {
        int error = errno;
        close(server->listener);
        errno = error;
        return -1;
    }
    return 0;
}
