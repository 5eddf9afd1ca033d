/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See workers.h. A death is seen by the process's pidfd, not by the end of its socket: when the pidfd is readable, its
 * files are closed, so its event channels and locks are free for the next one.
 */
#include "manager/workers.h"

#include "manager/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_MS                    INT64_C(1000000)
#define SOON_NS                      (5000 * NS_PER_MS) /* a death within this after the start is one in a row */
#define CRASHES_MAX                  5
#define PAUSE_FIRST_NS               (50 * NS_PER_MS)
#define PAUSE_DOUBLINGS              5 /* at most: 1.6 s */
#define OWNER(type, member, pointer) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* ---- start ---- */

/* The program from where make install put it, or the build, seen from this one; else where it should be installed. */
static void find_program(const struct workers *all, const char *name, char path[PATH_MAX])
{
    static const char *const folders[] = {"../lib/haven", "../block", "../net"};
    char self[PATH_MAX / 2];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = n > 0 ? (self[n] = 0, strrchr(self, '/')) : NULL;

    if (slash)
        *slash = 0;
    if (all->folder) {
        snprintf(path, PATH_MAX, "%s/%s", all->folder, name);
        return;
    }
    for (unsigned i = 0; slash && i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, PATH_MAX, "%s/%s/%s", self, folders[i], name);
        if (!access(path, X_OK))
            return;
    }
    snprintf(path, PATH_MAX, PKGLIBDIR "/%s", name);
}

/* In the child. Nothing of ours stays open but its end of the socket and stderr. */
static void __attribute__((noreturn)) become(const char *path, const char *name, unsigned domid, int socket)
{
    char id[16];
    sigset_t none;
    int null = open("/dev/null", O_RDWR);
    snprintf(id, sizeof(id), "%u", domid);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    if (socket == WORKER_SOCKET)
        fcntl(socket, F_SETFD, 0);
    else
        dup2(socket, WORKER_SOCKET);
    close_range(WORKER_SOCKET + 1, ~0U, 0);
    execl(path, name, id, (char *)NULL);
    fprintf(stderr, "hvdriverd: %s: %s\n", path, strerror(errno));
    _exit(127);
}

static void socket_ready(struct event_source *source, uint32_t events);
static void process_ready(struct event_source *source, uint32_t events);

static int watch_process(struct worker_process *w, int socket)
{
    struct event_loop *loop = w->all->loop;
    w->socket = (struct event_source){.fd = socket, .ready = socket_ready};
    w->process = (struct event_source){.fd = (int)syscall(SYS_pidfd_open, w->pid, 0), .ready = process_ready};
    if (w->process.fd < 0)
        return -1;
    if (event_loop_add(loop, &w->process, EPOLLIN) || event_loop_add(loop, &w->socket, EPOLLIN)) {
        event_loop_remove(loop, &w->process);
        close(w->process.fd);
        return -1;
    }
    return 0;
}

static int start_process(struct worker_process *w, struct failure *failure)
{
    char path[PATH_MAX];
    int ends[2];
    find_program(w->all, w->name, path);
    if (access(path, X_OK))
        return failure_errno(failure, "%s", path);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
        return failure_errno(failure, "a socket for %s", w->name);
    w->pid = fork();
    if (!w->pid)
        become(path, w->name, w->domid, ends[1]);
    close(ends[1]);
    if (w->pid > 0 && !watch_process(w, ends[0])) {
        w->started_ns = event_loop_now_ns();
        return 0;
    }
    failure_errno(failure, "%s can't be started", path);
    close(ends[0]);
    if (w->pid > 0) {
        kill(w->pid, SIGKILL);
        waitpid(w->pid, NULL, 0);
    }
    w->pid = 0;
    return -1;
}

int worker_process_run(struct worker_process *w, struct failure *failure)
{
    if (w->pid && !w->ending)
        return 0;
    if (w->broken[0])
        return failure_set(failure, "%s", w->broken);
    if (w->pid || w->pause.set)
        return 1;
    return start_process(w, failure);
}

/* ---- end ---- */

static void drop_socket(struct worker_process *w)
{
    if (w->socket.fd < 0)
        return;
    event_loop_remove(w->all->loop, &w->socket);
    close(w->socket.fd);
    w->socket.fd = -1;
}

static void describe_death(const siginfo_t *info, char *how, size_t size)
{
    if (info->si_code == CLD_EXITED)
        snprintf(how, size, "status %d", info->si_status);
    else
        snprintf(how, size, "signal %d (%s)", info->si_status,
                 info->si_status == SIGSYS ? "a system call it must not make" : strsignal(info->si_status));
}

/* After a death that was not asked for: whether and when the next one may start. */
static void count_death(struct worker_process *w, const siginfo_t *info, const char *how)
{
    int64_t now = event_loop_now_ns();
    bool soon = now - w->started_ns < SOON_NS, killed = info->si_code != CLD_EXITED && info->si_status == SIGKILL;
    w->deaths = soon ? w->deaths + 1 : 1;
    w->crashes = killed ? w->crashes : soon ? w->crashes + 1 : 1;
    if (w->crashes >= CRASHES_MAX) {
        snprintf(w->broken, sizeof(w->broken), "%s of domain %u ended %u times soon after its start, last by %s",
                 w->name, w->domid, w->crashes, how);
        return;
    }
    if (w->deaths > 1) {
        unsigned doublings = w->deaths - 2 < PAUSE_DOUBLINGS ? w->deaths - 2 : PAUSE_DOUBLINGS;
        event_timer_set(w->all->loop, &w->pause, now + (PAUSE_FIRST_NS << doublings));
    }
}

static void process_ready(struct event_source *source, uint32_t events)
{
    struct worker_process *w = OWNER(struct worker_process, process, source);
    siginfo_t info = {.si_pid = 0};
    char how[64];
    (void)events;
    if (waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOHANG) || !info.si_pid)
        return;
    describe_death(&info, how, sizeof(how));
    drop_socket(w);
    event_loop_remove(w->all->loop, &w->process);
    close(w->process.fd);
    bool asked_for = w->ending;
    w->pid = 0;
    w->ending = false;
    if (!asked_for) {
        report("domain %u: %s, process %d, ended: %s", w->domid, w->name, (int)info.si_pid, how);
        count_death(w, &info, how);
    }
    w->links = 0;
    w->all->died(w, how);
}

static void socket_ready(struct event_source *source, uint32_t events)
{
    struct worker_process *w = OWNER(struct worker_process, socket, source);
    struct worker_message m;
    int files[WORKER_FILES_MAX];
    unsigned count;
    (void)events;
    int got = worker_receive(source->fd, &m, files, &count);
    for (unsigned i = 0; i < count; i++)
        close(files[i]); /* none is expected */
    if (got > 0) {
        w->all->message(w, &m);
    } else if (got < 0 && errno == EAGAIN) {
        return;
    } else { /* it is dying, or talks nonsense: the pidfd tells the rest */
        drop_socket(w);
        kill(w->pid, SIGKILL);
    }
}

void worker_process_kill(struct worker_process *w)
{
    if (w->pid)
        kill(w->pid, SIGKILL);
}

void worker_process_end(struct worker_process *w)
{
    if (!w->pid)
        return;
    w->ending = true;
    w->deaths = w->crashes = 0;
    drop_socket(w);
    kill(w->pid, SIGKILL);
}

void worker_process_link(struct worker_process *w)
{
    w->links++;
}

void worker_process_unlink(struct worker_process *w)
{
    if (w->links && !--w->links)
        worker_process_end(w); /* it has nothing left to do */
}

int worker_process_send(struct worker_process *w, const struct worker_message *m, const int *files, unsigned count)
{
    if (w->socket.fd < 0) {
        errno = EPIPE;
        return -1;
    }
    return worker_send(w->socket.fd, m, files, count);
}

/* ---- records ---- */

static void pause_over(struct event_timer *timer)
{
    struct worker_process *w = OWNER(struct worker_process, pause, timer);
    w->all->may_start(w);
}

struct worker_process *workers_find(struct workers *all, const char *name, unsigned domid)
{
    struct worker_process *w = all->first;
    while (w && (strcmp(w->name, name) != 0 || w->domid != domid))
        w = w->next;
    return w;
}

struct worker_process *workers_get(struct workers *all, const char *name, unsigned domid)
{
    struct worker_process *w = workers_find(all, name, domid);
    if (w || !(w = calloc(1, sizeof(*w))))
        return w;
    w->all = all;
    w->name = name;
    w->domid = domid;
    w->socket.fd = -1;
    w->pause.fired = pause_over;
    w->next = all->first;
    all->first = w;
    return w;
}

void worker_process_forgive(struct worker_process *w)
{
    if (!w->broken[0])
        return;
    w->broken[0] = 0;
    w->crashes = CRASHES_MAX - 1;
}

void worker_process_forget(struct worker_process *w)
{
    struct worker_process **at = &w->all->first;
    if (w->pid) { /* it was started, but never had a device: its death brings us here again */
        worker_process_end(w);
        return;
    }
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    event_timer_stop(w->all->loop, &w->pause);
    free(w);
}

void workers_end(struct workers *all)
{
    for (struct worker_process *w = all->first; w; w = w->next)
        worker_process_kill(w);
    for (struct worker_process *w = all->first; w; w = w->next)
        if (w->pid)
            waitpid(w->pid, NULL, 0);
}
