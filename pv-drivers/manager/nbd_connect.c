/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See nbd_connect.h. The process answers with one message of worker.h, or ends without one (SIGALRM: too late). */
#include "manager/nbd_connect.h"

#include "common/worker.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOST_SECONDS 5 /* for each of a host's addresses to answer */

/* ---- addresses ---- */

static int parse_unix(struct nbd_address *address, const char *rest, struct failure *failure)
{
    const char *query = strstr(rest, "?socket=");

    if (rest[0] != '/' || !query)
        return failure_set(failure, "nbd+unix: the form is nbd+unix:///EXPORT?socket=PATH");
    if ((size_t)snprintf(address->export_name, sizeof(address->export_name), "%.*s", (int)(query - rest - 1),
                         rest + 1) >= sizeof(address->export_name))
        return failure_set(failure, "the NBD server's export has a name that is too long");
    query += strlen("?socket=");
    if (!*query || (size_t)snprintf(address->path, sizeof(address->path), "%s", query) >= sizeof(address->path))
        return failure_set(failure, "%s: no name of a socket, or too long for one", query);
    return 0;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT */
static int split_host(struct nbd_address *address, struct failure *failure)
{
    char *port, *host = address->host;

    if (host[0] == '[') {
        port = strchr(host, ']');
        if (!port)
            return failure_set(failure, "%s: ']' is missing", host);
        *port++ = 0;
        memmove(host, host + 1, strlen(host));
        port = *port == ':' ? port : NULL;
    } else {
        port = strrchr(host, ':');
    }
    if (port)
        *port++ = 0;
    if ((size_t)snprintf(address->port, sizeof(address->port), "%s", port ? port : "10809") >= sizeof(address->port))
        return failure_set(failure, "%s: no such port", port);
    return 0;
}

int nbd_address_parse(struct nbd_address *address, const char *uri, struct failure *failure)
{
    const char *rest = uri + strlen("nbd://"), *slash;

    *address = (struct nbd_address){.path = ""};
    if (!strncmp(uri, "nbd+unix://", 11))
        return parse_unix(address, uri + 11, failure);
    if (strncmp(uri, "nbd://", 6))
        return failure_set(failure, "%s: not an NBD URI (nbd://HOST[:PORT][/EXPORT] or nbd+unix:///EXPORT?socket=PATH)",
                           uri);
    slash = strchr(rest, '/');
    if ((size_t)snprintf(address->host, sizeof(address->host), "%.*s", (int)strcspn(rest, "/"), rest) >=
        sizeof(address->host))
        return failure_set(failure, "%s: too long", uri);
    if ((size_t)snprintf(address->export_name, sizeof(address->export_name), "%s", slash ? slash + 1 : "") >=
        sizeof(address->export_name))
        return failure_set(failure, "the NBD server's export has a name that is too long");
    return split_host(address, failure);
}

/* ---- in the process ---- */

static int connect_by(const struct sockaddr *address, socklen_t length)
{
    int file = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd poll_for = {.fd = file, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof(error);

    if (file < 0)
        return -1;
    if (connect(file, address, length) == 0)
        return file;
    error = errno;
    if (error == EINPROGRESS) {
        error = ETIMEDOUT;
        if (poll(&poll_for, 1, HOST_SECONDS * 1000) > 0)
            getsockopt(file, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (!error)
        return file;
    close(file);
    errno = error;
    return -1;
}

static int connect_tcp(const struct nbd_address *to, struct failure *failure)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *all;
    int error = getaddrinfo(to->host, to->port, &hints, &all), file = -1;

    if (error)
        return failure_set(failure, "the NBD server %s: %s", to->host, gai_strerror(error));
    for (const struct addrinfo *one = all; one && file < 0; one = one->ai_next)
        file = connect_by(one->ai_addr, one->ai_addrlen);
    if (file < 0)
        failure_errno(failure, "the NBD server %s, port %s", to->host, to->port);
    freeaddrinfo(all);
    return file;
}

static int connect_to(const struct nbd_address *to, struct failure *failure)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct pollfd greeting = {.events = POLLIN};
    int error = 0;
    socklen_t size = sizeof(error);
    char first;

    memcpy(address.sun_path, to->path, sizeof(to->path));
    greeting.fd = to->path[0] ? connect_by((struct sockaddr *)&address, sizeof(address)) : connect_tcp(to, failure);
    if (greeting.fd < 0)
        return failure_errno(failure, "the NBD server at %s", to->path); /* the first reason stays */
    poll(&greeting, 1, -1);
    getsockopt(greeting.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (!error && recv(greeting.fd, &first, 1, MSG_PEEK) == 1)
        return greeting.fd;
    return failure_set(failure, "the NBD server %s closed the connection instead of a greeting",
                       to->path[0] ? to->path : to->host);
}

/* None of the manager's files is kept: locks of images are among them. */
static _Noreturn void run(const struct nbd_address *to, unsigned seconds, int socket, pid_t parent)
{
    struct worker_message m = {.kind = WORKER_CONNECTED};
    struct failure failure = {""};
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGALRM, SIG_DFL);
    alarm(seconds);
    if (socket != WORKER_SOCKET)
        dup2(socket, WORKER_SOCKET);
    close_range(WORKER_SOCKET + 1, ~0U, 0);
    int file = connect_to(to, &failure);
    if (file < 0) {
        m.kind = WORKER_FAILED;
        snprintf(m.text, sizeof(m.text), "%.199s", failure.text);
    }
    _exit(worker_send(WORKER_SOCKET, &m, &file, file >= 0) ? 1 : 0);
}

/* ---- in the manager ---- */

static void end_process(struct nbd_connect *c)
{
    event_loop_remove(c->loop, &c->source);
    close(c->source.fd);
    c->source.fd = -1;
    kill(c->pid, SIGKILL);
    waitpid(c->pid, NULL, 0);
}

static void answered(struct event_source *source, uint32_t events)
{
    struct nbd_connect *c = (struct nbd_connect *)((char *)source - offsetof(struct nbd_connect, source));
    struct worker_message m = {.kind = 0};
    int files[WORKER_FILES_MAX];
    unsigned count = 0;
    int got = worker_receive(source->fd, &m, files, &count);

    (void)events;
    if (got < 0 && errno == EAGAIN)
        return;
    end_process(c);
    c->has_ended = true;
    c->connection = got > 0 && count ? files[0] : -1;
    if (c->connection < 0 && got > 0)
        failure_set(&c->why, "%s", m.text);
    else if (c->connection < 0)
        failure_set(&c->why, "the NBD server did not answer within %u s", c->seconds);
    c->ended(c);
}

void nbd_connect_init(struct nbd_connect *c, struct event_loop *loop, void (*ended)(struct nbd_connect *connect))
{
    *c = (struct nbd_connect){.loop = loop, .ended = ended, .source = {.fd = -1, .ready = answered}, .connection = -1};
}

int nbd_connect_begin(struct nbd_connect *c, const struct nbd_address *address, unsigned seconds,
                      struct failure *failure)
{
    pid_t parent = getpid();
    int ends[2];

    nbd_connect_drop(c);
    c->seconds = seconds;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
        return failure_errno(failure, "connecting to an NBD server");
    c->pid = fork();
    if (!c->pid)
        run(address, seconds, ends[1], parent);
    close(ends[1]);
    c->source.fd = ends[0];
    if (c->pid > 0 && !event_loop_add(c->loop, &c->source, EPOLLIN))
        return 0;
    failure_errno(failure, "connecting to an NBD server");
    close(ends[0]);
    c->source.fd = -1;
    if (c->pid > 0) {
        kill(c->pid, SIGKILL);
        waitpid(c->pid, NULL, 0);
    }
    return -1;
}

bool nbd_connect_is_under_way(const struct nbd_connect *c)
{
    return c->source.fd >= 0;
}

int nbd_connect_take(struct nbd_connect *c, struct failure *failure)
{
    int connection = c->connection;

    if (connection < 0)
        failure_set(failure, "%s", c->why.text);
    c->connection = -1;
    c->has_ended = false;
    c->why.text[0] = 0;
    return connection;
}

void nbd_connect_drop(struct nbd_connect *c)
{
    if (c->source.fd >= 0)
        end_process(c);
    if (c->connection >= 0)
        close(c->connection);
    nbd_connect_init(c, c->loop, c->ended);
}
