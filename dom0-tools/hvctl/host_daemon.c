/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See host_daemon.h. The daemon is our child until it is ready, so its death is seen at once (pidfd); then this program
 * ends and the daemon goes on as a child of the first process. Readiness comes over a datagram socket with an abstract
 * name, the protocol of systemd's Type=notify; one wait covers that, the daemon's death, and changes in a directory.
 */
#include "hvctl/host_daemon.h"

#include "libhv/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A server's socket exists before it accepts, and nothing tells when that begins: look again so soon. */
#define READY_CHECK_MS 50

struct watching {
    int notify, directory, process;
    char address[64]; /* of the notify socket, "@..." */
};

static int open_notify(struct watching *w)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(w->address, sizeof(w->address), "@haven-host-%d", (int)getpid());
    size_t n = strlen(w->address);
    memcpy(address.sun_path + 1, w->address + 1, n - 1);
    w->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return w->notify < 0
               ? -1
               : bind(w->notify, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

static void __attribute__((noreturn)) become(const struct host_daemon *daemon, const char *address)
{
    char log[128];
    snprintf(log, sizeof(log), HOST_LOG_DIRECTORY "/%s.log", daemon->name);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640), in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setsid();
    if (in >= 0)
        dup2(in, STDIN_FILENO);
    if (out >= 0) {
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
    }
    setenv("NOTIFY_SOCKET", address, 1);
    if (chdir("/") == 0)
        execvp(daemon->argv[0], (char *const *)daemon->argv);
    fprintf(stderr, "%s: %s\n", daemon->argv[0], strerror(errno));
    _exit(127);
}

/* A message of the daemon says that it is ready. */
static bool said_ready(int notify)
{
    char message[512];
    ssize_t n = recv(notify, message, sizeof(message) - 1, 0);
    if (n <= 0)
        return false;
    message[n] = 0;
    for (char *line = strtok(message, "\n"); line; line = strtok(NULL, "\n"))
        if (!strcmp(line, "READY=1"))
            return true;
    return false;
}

/* 1: ready; 0: not yet; -1: it ended. */
static int wait_once(const struct host_daemon *daemon, const struct watching *w, int64_t deadline_ms)
{
    struct pollfd fds[] = {{w->notify, POLLIN, 0}, {w->process, POLLIN, 0}, {w->directory, POLLIN, 0}};
    char events[1024];
    int64_t left = deadline_ms - store_now_ms();
    if (daemon->ready && left > READY_CHECK_MS)
        left = READY_CHECK_MS;
    poll(fds, 3, left > 0 ? (int)left : 0);
    if (fds[0].revents && said_ready(w->notify))
        return 1;
    if (fds[2].revents && read(w->directory, events, sizeof(events)) < 0 && errno != EAGAIN)
        return -1;
    if (daemon->ready && daemon->ready())
        return 1;
    return fds[1].revents ? -1 : 0;
}

static int wait_ready(const struct host_daemon *daemon, const struct watching *w, pid_t pid, int64_t deadline_ms,
                      char *text, unsigned size)
{
    int status = 0, r;
    while ((r = wait_once(daemon, w, deadline_ms)) == 0 && store_now_ms() < deadline_ms)
        ;
    if (r > 0)
        return 0;
    if (!r) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        snprintf(text, size, "not ready in time, killed (see " HOST_LOG_DIRECTORY "/%s.log)", daemon->name);
        return -1;
    }
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        snprintf(text, size, "cannot run %s", daemon->argv[0]);
    else
        snprintf(text, size, "ended with %s %d (see " HOST_LOG_DIRECTORY "/%s.log)",
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), daemon->name);
    return -1;
}

int host_daemon_start(const struct host_daemon *daemon, int64_t deadline_ms, char *text, unsigned size)
{
    struct watching w = {-1, -1, -1, ""};
    int r = -1;
    snprintf(text, size, "%s", "");
    if (open_notify(&w))
        snprintf(text, size, "no notify socket: %s", strerror(errno));
    if (daemon->directory) {
        w.directory = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        inotify_add_watch(w.directory, daemon->directory, IN_CREATE | IN_MOVED_TO);
    }
    pid_t pid = text[0] ? -1 : fork();
    if (!pid)
        become(daemon, w.address);
    if (pid > 0)
        w.process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (w.process >= 0)
        r = wait_ready(daemon, &w, pid, deadline_ms, text, size);
    else if (!text[0])
        snprintf(text, size, "cannot be started: %s", strerror(errno));
    close(w.notify);
    close(w.directory);
    close(w.process);
    return r;
}

pid_t host_daemon_pid(const char *pid_file)
{
    char text[32] = "";
    int fd = open(pid_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    bool held = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    ssize_t n = held ? pread(fd, text, sizeof(text) - 1, 0) : 0;
    close(fd);
    long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    return pid > 0 ? (pid_t)pid : 0;
}

bool host_daemon_stop(pid_t pid, int64_t deadline_ms)
{
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (process < 0)
        return errno == ESRCH;
    struct pollfd fd = {process, POLLIN, 0};
    int64_t left = deadline_ms - store_now_ms();
    bool ended =
        !syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0) && poll(&fd, 1, left > 0 ? (int)left : 0) > 0;
    close(process);
    return ended;
}
