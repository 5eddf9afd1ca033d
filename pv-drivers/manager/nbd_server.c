/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See nbd_server.h. The socket is made here and handed to the server (LISTEN_FDS, as systemd does), so it can be
 * connected to at once; the server takes the connection when it has opened the image, and greets. It alone has the
 * socket then, so the connection ends with it. What it says on stderr goes to a file in memory, for the reason.
 */
#include "manager/nbd_server.h"

#include "manager/server_rights.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER        "/run/haven/nbd"
#define LISTEN_FD     3
#define STOP_NS       INT64_C(1000000000)
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

/* The path of a further file of a vmdk, if the line of its descriptor names one: "RW 8192 FLAT "web-flat.vmdk" 0". Only
 * files beside it that are named after it: whoever could write to the descriptor must not get at other images. */
static bool take_extent(const char *line, const char *image, char *path, size_t room)
{
    const char *base = strrchr(image, '/') + 1, *dot = strrchr(base, '.');
    size_t stem = dot ? (size_t)(dot - base) : strlen(base);
    char name[256];

    if (sscanf(line, "RW %*u %*31s \"%255[^\"]\"", name) != 1 || strchr(name, '/') || strncmp(name, base, stem) ||
        name[stem] != '-')
        return false;
    return (size_t)snprintf(path, room, "%.*s%s", (int)(base - image), image, name) < room && access(path, F_OK) == 0;
}

/* The files of an image: itself, and those that a vmdk's descriptor names. In the server's process. */
static unsigned list_files(const struct nbd_image *image, const char **files)
{
    static char text[65536], paths[SERVER_FILES_MAX][4096];
    int file = strcmp(image->format, "vmdk") ? -1 : open(image->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = file < 0 ? 0 : pread(file, text, sizeof(text) - 1, 0);
    unsigned count = 0;

    files[count++] = image->path;
    text[length > 0 ? length : 0] = 0;
    if (strncmp(text, "# Disk DescriptorFile", 21))
        return count;
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL && count < SERVER_FILES_MAX;)
        if (take_extent(line, image->path, paths[count], sizeof(paths[count]))) {
            files[count] = paths[count];
            count++;
        }
    return count;
}

static _Noreturn void run_server(int from_listener, int from_messages, const char *options,
                                 const struct nbd_image *image, pid_t parent)
{
    char pid[16];
    const char *step, *files[SERVER_FILES_MAX];
    int none = open("/dev/null", O_RDWR);
    int listener = fcntl(from_listener, F_DUPFD_CLOEXEC, 10), messages = fcntl(from_messages, F_DUPFD_CLOEXEC, 10);
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
    if (access(image->path, F_OK)) {
        dprintf(2, "%s", strerror(errno));
        _exit(1);
    }
    if (server_rights_drop(image->domid, files, list_files(image, files), image->read_only, &step)) {
        dprintf(2, "giving up rights: %s: %s", step, strerror(errno));
        _exit(1);
    }
    snprintf(pid, sizeof(pid), "%d", getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    execlp("qemu-nbd", "qemu-nbd", "--persistent", "--shared=16", "--cache=writethrough", "--image-opts", options,
           image->read_only ? "--read-only" : NULL, NULL);
    dprintf(2, "qemu-nbd: %s (package qemu-utils)\n", strerror(errno));
    _exit(1);
}

/* The listening socket; -1 with the reason. */
static int listen_at(struct nbd_server *server, const char *name, struct failure *failure)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener;

    mkdir(FOLDER, 0700);
    snprintf(server->path, sizeof(server->path), FOLDER "/%s", name);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", server->path);
    unlink(server->path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener >= 0 && !bind(listener, (struct sockaddr *)&address, sizeof(address)) && !listen(listener, 16))
        return listener;
    failure_errno(failure, "%s", server->path);
    if (listener >= 0)
        close(listener);
    return -1;
}

/* What it wrote, in one line, without its repetition of our options. */
void nbd_server_say_why(struct nbd_server *server, const char *image, struct failure *failure)
{
    char text[MESSAGE_BYTES];

    if (server->pid > 0) { /* it is about to end, or it hangs */
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
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
    failure_set(failure, "disk image %s: %s", image, says[0] ? says : "qemu-nbd did not open it");
}

int nbd_server_start(struct nbd_server *server, const struct nbd_image *image, const char *name,
                     struct failure *failure)
{
    char options[OPTIONS_MAX];
    pid_t parent = getpid();
    int listener;

    if (write_options(options, image->format, image->path))
        return failure_set(failure, "the name of the image is too long");
    listener = listen_at(server, name, failure);
    if (listener < 0)
        return -1;
    server->messages = memfd_create("qemu-nbd", MFD_CLOEXEC);
    server->pid = server->messages < 0 ? -1 : fork();
    if (server->pid == 0)
        run_server(listener, server->messages, options, image, parent);
    close(listener);
    if (server->pid > 0)
        return 0;
    failure_errno(failure, "qemu-nbd for %s", image->path);
    server->pid = 0;
    nbd_server_stop(server);
    return -1;
}

bool nbd_server_runs(struct nbd_server *server)
{
    if (server->pid > 0 && waitpid(server->pid, NULL, WNOHANG) != 0)
        server->pid = 0;
    return server->pid > 0;
}

/* ---- the end ---- */

/* A server that was asked to end gets a moment to close the image in good order (a kill would do no harm either). */
struct ending {
    struct event_loop *loop;
    struct event_source process;
    struct event_timer deadline;
    pid_t pid;
};

static void has_ended(struct event_source *source, uint32_t events)
{
    struct ending *e = (struct ending *)((char *)source - offsetof(struct ending, process));

    (void)events;
    waitpid(e->pid, NULL, 0);
    event_loop_remove(e->loop, source);
    event_timer_stop(e->loop, &e->deadline);
    close(source->fd);
    free(e);
}

static void took_too_long(struct event_timer *timer)
{
    kill(((struct ending *)((char *)timer - offsetof(struct ending, deadline)))->pid, SIGKILL);
}

static void end_process(struct nbd_server *server)
{
    struct ending *e = calloc(1, sizeof(*e));
    int process = (int)syscall(SYS_pidfd_open, server->pid, 0);

    if (e)
        *e = (struct ending){.loop = server->loop,
                             .process = {.fd = process, .ready = has_ended},
                             .deadline = {.fired = took_too_long},
                             .pid = server->pid};
    if (e && process >= 0 && !event_loop_add(e->loop, &e->process, EPOLLIN)) {
        kill(server->pid, SIGTERM);
        event_timer_set(e->loop, &e->deadline, event_loop_now_ns() + STOP_NS);
    } else {
        free(e);
        if (process >= 0)
            close(process);
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    server->pid = 0;
}

void nbd_server_init(struct nbd_server *server, struct event_loop *loop)
{
    *server = (struct nbd_server){.loop = loop, .messages = -1};
}

void nbd_server_stop(struct nbd_server *server)
{
    if (nbd_server_runs(server))
        end_process(server);
    if (server->messages >= 0)
        close(server->messages);
    if (server->path[0])
        unlink(server->path);
    nbd_server_init(server, server->loop);
}
