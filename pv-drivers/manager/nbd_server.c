/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See nbd_server.h. The socket is made here and handed to the server (LISTEN_FDS, as systemd does), so it can be
 * connected to at once; the server takes the connection when it has opened the image, and greets. What it says on
 * stderr goes to a file in memory, for the reason if it ends instead.
 */
#include "manager/nbd_server.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FOLDER        "/run/haven/nbd"
#define LISTEN_FD     3
#define START_MS      20000
#define CONNECT_MS    5000
#define STOP_MS       1000
#define STEP_MS       10
#define OPTIONS_MAX   4300
#define MESSAGE_BYTES 1024

const char *nbd_server_format(const char *format)
{
    static const char *const names[][2] = {{"qcow2", "qcow2"}, {"qcow", "qcow"}, {"vhd", "vpc"}, {"vhdx", "vhdx"},
                                           {"vmdk", "vmdk"},   {"vdi", "vdi"},   {"qed", "qed"}};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(format, names[i][0]))
            return names[i][1];
    return NULL;
}

/* ---- the process ---- */

/* As --image-opts takes it: a comma is written twice. */
static int write_options(char *options, const char *format, const char *image)
{
    struct stat facts;
    bool device = stat(image, &facts) == 0 && S_ISBLK(facts.st_mode);
    /* Flushing ends at the operating system; a disk of several files would need them all synchronised, and does not
     * get this. */
    const char *flush = strcmp(format, "vmdk") ? ",cache.no-flush=on,file.cache.no-flush=on" : "";
    int at = snprintf(options, OPTIONS_MAX,
                      "driver=%s,discard=unmap%s,file.driver=%s,file.discard=unmap,file.filename=", format, flush,
                      device ? "host_device" : "file");

    for (; *image && at < OPTIONS_MAX - 3; image++) {
        if (*image == ',')
            options[at++] = ',';
        options[at++] = *image;
    }
    options[at] = 0;
    return *image ? -1 : 0;
}

static _Noreturn void run_server(const struct nbd_server *server, const char *options, bool read_only, pid_t parent)
{
    char pid[16];
    int none = open("/dev/null", O_RDWR);
    int listener = fcntl(server->listener, F_DUPFD_CLOEXEC, 10),
        messages = fcntl(server->messages, F_DUPFD_CLOEXEC, 10);
    sigset_t all;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    dup2(none, 0);
    dup2(none, 1);
    dup2(messages, 2);
    dup2(listener, LISTEN_FD);
    close_range(LISTEN_FD + 1, ~0u, 0);
    snprintf(pid, sizeof(pid), "%d", getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    execlp("qemu-nbd", "qemu-nbd", "--persistent", "--shared=16", "--cache=writethrough", "--image-opts", options,
           read_only ? "--read-only" : NULL, NULL);
    dprintf(2, "qemu-nbd: %s (package qemu-utils)\n", strerror(errno));
    _exit(1);
}

static int listen_at(struct nbd_server *server, const char *name, struct failure *failure)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    mkdir(FOLDER, 0700);
    snprintf(server->path, sizeof(server->path), FOLDER "/%s", name);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", server->path);
    unlink(server->path);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server->messages = memfd_create("qemu-nbd", MFD_CLOEXEC);
    if (server->listener < 0 || server->messages < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof(address)) || listen(server->listener, 16))
        return failure_errno(failure, "%s", server->path);
    return 0;
}

/* What it wrote, in one line, without its repetition of our options. */
static void take_message(const struct nbd_server *server, const char *image, struct failure *failure)
{
    char text[MESSAGE_BYTES];
    ssize_t length = pread(server->messages, text, sizeof(text) - 1, 0);
    const char *says = text;

    text[length > 0 ? length : 0] = 0;
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = 0;
    for (ssize_t i = 0; i < length; i++)
        if (text[i] == '\n')
            text[i] = ' ';
    if (!strncmp(text, "qemu-nbd: Failed to blk_new_open '", 34) && strstr(text, "': "))
        says = strstr(text, "': ") + 3;
    failure_set(failure, "disk image %s: %s", image, says[0] ? says : "qemu-nbd ended without a word");
}

/* The greeting stays for the worker to read. */
static int wait_for_greeting(struct nbd_server *server, const char *image, int connection, struct failure *failure)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000};

    for (int waited = 0; waited < START_MS; waited += STEP_MS) {
        char first;
        if (recv(connection, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1)
            return 0;
        nanosleep(&step, NULL); /* not poll: a server that is about to end closes the connection first */
        if (!nbd_server_runs(server)) {
            take_message(server, image, failure);
            return -1;
        }
    }
    return failure_set(failure, "disk image %s: qemu-nbd did not open it within %u s", image, START_MS / 1000);
}

int nbd_server_start(struct nbd_server *server, const char *name, const char *format, const char *image, bool read_only,
                     struct failure *failure)
{
    char options[OPTIONS_MAX];
    pid_t parent = getpid();
    int connection, result = -1;

    *server = (struct nbd_server){.listener = -1, .messages = -1};
    if (write_options(options, format, image))
        return failure_set(failure, "the name of the image is too long");
    if (listen_at(server, name, failure) == 0) {
        server->pid = fork();
        if (server->pid == 0)
            run_server(server, options, read_only, parent);
        connection = server->pid > 0 ? nbd_server_connect(server, failure) : -1;
        if (connection >= 0) {
            result = wait_for_greeting(server, image, connection, failure);
            close(connection);
        }
    }
    if (result)
        nbd_server_stop(server);
    return result;
}

bool nbd_server_runs(struct nbd_server *server)
{
    if (server->pid > 0 && waitpid(server->pid, NULL, WNOHANG) != 0)
        server->pid = 0;
    return server->pid > 0;
}

/* It gets a moment to close the image in good order; a kill would do no harm either (nbd_server.h). */
static void end_process(struct nbd_server *server)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000};

    kill(server->pid, SIGTERM);
    for (int waited = 0; waited < STOP_MS && nbd_server_runs(server); waited += STEP_MS)
        nanosleep(&step, NULL);
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    server->pid = 0;
}

void nbd_server_stop(struct nbd_server *server)
{
    if (nbd_server_runs(server))
        end_process(server);
    if (server->listener >= 0)
        close(server->listener);
    if (server->messages >= 0)
        close(server->messages);
    if (server->path[0])
        unlink(server->path);
    *server = (struct nbd_server){.listener = -1, .messages = -1};
}

/* ---- connecting ---- */

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
        if (poll(&poll_for, 1, CONNECT_MS) > 0)
            getsockopt(file, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (!error)
        return file;
    close(file);
    errno = error;
    return -1;
}

static int connect_unix(const char *path, struct failure *failure)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file;

    if (strlen(path) >= sizeof(address.sun_path))
        return failure_set(failure, "%s: too long for the name of a socket", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    file = connect_by((struct sockaddr *)&address, sizeof(address));
    return file < 0 ? failure_errno(failure, "the NBD server at %s", path) : file;
}

int nbd_server_connect(const struct nbd_server *server, struct failure *failure)
{
    return connect_unix(server->path, failure);
}

static int connect_tcp(const char *host, const char *port, struct failure *failure)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *all;
    int error = getaddrinfo(host, port, &hints, &all), file = -1;

    if (error)
        return failure_set(failure, "the NBD server %s: %s", host, gai_strerror(error));
    for (const struct addrinfo *one = all; one && file < 0; one = one->ai_next)
        file = connect_by(one->ai_addr, one->ai_addrlen);
    if (file < 0)
        failure_errno(failure, "the NBD server %s, port %s", host, port);
    freeaddrinfo(all);
    return file;
}

static int export_too_long(struct failure *failure)
{
    return failure_set(failure, "the NBD server's export has a name that is too long");
}

static int connect_uri_unix(const char *rest, char *export_name, size_t room, struct failure *failure)
{
    const char *query = strstr(rest, "?socket=");

    if (rest[0] != '/' || !query)
        return failure_set(failure, "nbd+unix: the form is nbd+unix:///EXPORT?socket=PATH");
    if ((size_t)snprintf(export_name, room, "%.*s", (int)(query - rest - 1), rest + 1) >= room)
        return export_too_long(failure);
    return connect_unix(query + strlen("?socket="), failure);
}

int nbd_uri_connect(const char *uri, char *export_name, size_t room, struct failure *failure)
{
    char host[256], *port;
    const char *export;

    if (!strncmp(uri, "nbd+unix://", 11))
        return connect_uri_unix(uri + 11, export_name, room, failure);
    if (strncmp(uri, "nbd://", 6))
        return failure_set(failure, "%s: not an NBD URI (nbd://HOST[:PORT][/EXPORT] or nbd+unix:///EXPORT?socket=PATH)",
                           uri);
    if ((size_t)snprintf(host, sizeof(host), "%s", uri + 6) >= sizeof(host))
        return failure_set(failure, "%s: too long", uri);
    host[strcspn(host, "/")] = 0;
    export = strchr(uri + 6, '/');
    if ((size_t)snprintf(export_name, room, "%s", export ? export + 1 : "") >= room)
        return export_too_long(failure);
    port = strrchr(host, host[0] == '[' ? ']' : ':'); /* [ADDRESS]:PORT */
    if (port && *port == ']') {
        *port++ = 0;
        return connect_tcp(host + 1, *port == ':' ? port + 1 : "10809", failure);
    }
    if (port)
        *port++ = 0;
    return connect_tcp(host, port ? port : "10809", failure);
}
