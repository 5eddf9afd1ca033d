/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See worker_main.h. */
#include "common/worker_main.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TURNS_AT_ONCE   256 /* then the loop's files have theirs */
#define BIND_TRIES      300 /* of 10 ms: how long the worker before may take to die */
#define BIND_PAUSE_NS   10000000
#define MESSAGES_A_TURN 8

static struct {
    struct worker worker; /* first: the loop's callbacks find it from the loop */
    bool *bound;          /* by our port */
    unsigned ports_end;
    struct event_source socket;
    bool notified; /* by some guest, and the kind has not had its turn since */
} self;

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
    char text[WORKER_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(stderr, "%s: domain %u: %s\n", self.worker.ops->name, self.worker.domid, text);
    exit(1);
}

/* ---- messages ---- */

void worker_answer(struct worker *w, unsigned device, enum worker_kind kind, const char *text)
{
    struct worker_message m = {.kind = kind, .device = device};
    (void)w;
    if (text)
        snprintf(m.text, sizeof(m.text), "%s", text);
    if (worker_send(WORKER_SOCKET, &m, NULL, 0))
        die("the manager does not listen: %s", strerror(errno));
}

static enum worker_kind answer_of(uint32_t request)
{
    return request == WORKER_CONNECT  ? WORKER_CONNECTED
           : request == WORKER_CHANGE ? WORKER_CHANGED
                                      : WORKER_DISCONNECTED;
}

static void close_files(const int *files, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        close(files[i]);
}

static void handle_message(struct worker *w, const struct worker_message *m, const int *files, unsigned count)
{
    struct failure failure = {""};
    int result = -1;
    if (m->kind == WORKER_CONNECT)
        result = w->ops->connect(w, m, files, count, &failure);
    else if (m->kind == WORKER_CHANGE && w->ops->change)
        result = w->ops->change(w, m, files, count, &failure);
    else if (m->kind == WORKER_DISCONNECT)
        result = w->ops->disconnect(w, m->device);
    else
        failure_set(&failure, "%s knows no message %u", w->ops->name, m->kind);
    if (result < 0 || m->kind == WORKER_DISCONNECT)
        close_files(files, count);
    if (result < 0)
        worker_answer(w, m->device, m->kind == WORKER_CHANGE ? WORKER_REFUSED : WORKER_FAILED, failure.text);
    else if (!result)
        worker_answer(w, m->device, answer_of(m->kind), NULL);
}

static void socket_ready(struct event_source *source, uint32_t events)
{
    (void)events;
    for (unsigned turn = 0; turn < MESSAGES_A_TURN; turn++) {
        struct worker_message m;
        int files[WORKER_FILES_MAX];
        unsigned count;
        int got = worker_receive(source->fd, &m, files, &count);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got < 0)
            die("the manager's message: %s", strerror(errno));
        if (!got)
            _exit(0); /* the manager is gone; the rings hold all that its successor must know */
        handle_message(&self.worker, &m, files, count);
    }
}

/* ---- event channels ---- */

static int remember_port(evtchn_port_t port)
{
    if (port >= self.ports_end) {
        unsigned end = (port | 63) + 1;
        bool *more = realloc(self.bound, end * sizeof(*more));
        if (!more)
            return -1;
        memset(more + self.ports_end, 0, (end - self.ports_end) * sizeof(*more));
        self.bound = more;
        self.ports_end = end;
    }
    self.bound[port] = true;
    return 0;
}

/* Keeps those that are still bound: the device refuses to let in others. */
static unsigned keep_bound(evtchn_port_t *ports, unsigned count)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < count; i++)
        if (ports[i] < self.ports_end && self.bound[ports[i]])
            ports[kept++] = ports[i];
    return kept;
}

int worker_channel_bind(struct worker *w, struct worker_channel *channel, uint32_t guest_port, struct failure *failure)
{
    const struct timespec pause = {.tv_nsec = BIND_PAUSE_NS};
    int port = -1;
    for (unsigned i = 0; i < BIND_TRIES; i++) {
        port = xenevtchn_bind_interdomain(w->events, w->domid, guest_port);
        if (port >= 0 || errno != EINVAL)
            break;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
    if (port < 0)
        return failure_errno(failure, "event channel %u of domain %u can't be bound", guest_port, w->domid);
    channel->port = (evtchn_port_t)port;
    if (remember_port(channel->port)) {
        xenevtchn_unbind(w->events, channel->port);
        return failure_errno(failure, "event channel %u of domain %u", guest_port, w->domid);
    }
    channel->bound = true;
    return 0;
}

void worker_channel_unbind(struct worker *w, struct worker_channel *channel)
{
    if (!channel->bound)
        return;
    self.bound[channel->port] = false;
    xenevtchn_unbind(w->events, channel->port);
    channel->bound = false;
}

void worker_channel_notify(struct worker *w, struct worker_channel *channel)
{
    if (channel->bound)
        xenevtchn_notify(w->events, channel->port);
}

/* ---- counters ---- */

struct device_counters *worker_counters_map(int file)
{
    struct stat stat;
    void *page = MAP_FAILED;
    if (fstat(file, &stat))
        ;
    else if (stat.st_size != sizeof(struct device_counters))
        errno = EINVAL;
    else
        page = mmap(NULL, sizeof(struct device_counters), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    int error = errno;
    close(file);
    errno = error;
    return page == MAP_FAILED ? NULL : page;
}

void worker_counters_unmap(struct device_counters *counters)
{
    if (counters)
        munmap(counters, sizeof(*counters));
}

/* ---- the process ---- */

/* How long the loop has to sleep; negative: for ever. */
static int64_t next_timer_ns(const struct event_loop *loop)
{
    if (!loop->timers)
        return -1;
    int64_t left = loop->timers->due_ns - event_loop_now_ns() + 1;
    return left > 0 ? left : 0;
}

/* Sleeps here instead of in the loop, until its files or timers want something. Ports are let in when the turn that
 * looked at their rings is over: who notifies in between is heard of then. */
static bool before_sleep(struct event_loop *loop)
{
    struct worker *w = &self.worker;
    evtchn_port_t ports[WORKER_URING_PORTS];

    for (unsigned turn = 0; turn < TURNS_AT_ONCE; turn++) {
        bool notified = self.notified;
        self.notified = false;
        if (w->ops->turn(w, notified))
            continue;
        unsigned count = keep_bound(ports, worker_uring_ports(w->uring, ports));
        int64_t left = next_timer_ns(loop);
        unsigned woken = worker_uring_sleep(w->uring, ports, count, left);
        self.notified = woken & WORKER_URING_EVENTS;
        if (woken & WORKER_URING_LOOP || !next_timer_ns(loop))
            break;
    }
    return true;
}

static void open_doors(struct worker *w)
{
    w->events = xenevtchn_open(NULL, 0);
    if (!w->events)
        die("/dev/xen/evtchn: %s (is xen-evtchn loaded?)", strerror(errno));
    w->grants = xengnttab_open(NULL, 0);
    if (!w->grants)
        die("/dev/xen/gntdev: %s (is xen-gntdev loaded?)", strerror(errno));
    if (xenevtchn_restrict(w->events, (domid_t)w->domid))
        die("restricting event channels to the domain: %s", strerror(errno));
    self.socket = (struct event_source){.fd = WORKER_SOCKET, .ready = socket_ready};
    if (event_loop_open(&w->loop) || event_loop_add(&w->loop, &self.socket, EPOLLIN))
        die("epoll: %s", strerror(errno));
    w->loop.before_sleep = before_sleep;
}

static bool parse_domid(const char *text, unsigned *domid)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *domid = (unsigned)value;
    return text[0] >= '0' && text[0] <= '9' && !*end && value < DOMID_FIRST_RESERVED;
}

int worker_main(int argc, char **argv, const struct worker_kind_ops *ops)
{
    struct worker *w = &self.worker;
    struct failure failure = {""};
    const char *step;
    struct stat stat;

    if (argc != 2 || !parse_domid(argv[1], &w->domid) || fstat(WORKER_SOCKET, &stat) || !S_ISSOCK(stat.st_mode)) {
        fprintf(stderr, "%s is started by hvdriverd, with a socket and a domain's id\n", ops->name);
        return 2;
    }
    /* At once, for the manager may die while this starts; again in rights_drop, where the change of the user has it
     * forgotten. The end of the socket tells of a death in between. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stderr, NULL, _IOLBF, 512);
    w->ops = ops;
    open_doors(w);
    if (ops->start(w, &failure))
        die("%s", failure.text);
    if (rights_drop(&ops->rights, w->domid, &step))
        die("giving up rights: %s: %s", step, strerror(errno));
    if (event_loop_run(&w->loop))
        die("epoll: %s", strerror(errno));
    return 0;
}
