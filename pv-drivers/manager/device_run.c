/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See devices.h. Each step is small and is followed by a new look; a kill between any two of them leaves the store as
 * it was before or after one, and the next process goes on from there.
 */
#include "manager/devices.h"
#include "manager/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xen/grant_table.h>
#include <xen/io/xenbus.h>

#include "haven/device_counters.h"

#define STEPS_MAX              32 /* at a time: a front end that flips its states gets no more of us */
#define NS_PER_MS              INT64_C(1000000)
#define BUSY_AGAIN_NS          (50 * NS_PER_MS)
#define BUSY_MAX_NS            (5000 * NS_PER_MS)
#define FAILED_AGAIN_NS        (500 * NS_PER_MS)
#define FAILED_DOUBLINGS       6 /* at most: 32 s */
#define REFUSED_AGAIN_NS       (50 * NS_PER_MS)
#define REFUSED_DOUBLINGS      5 /* at most: 1.6 s */
#define REFUSAL_MEMORY_NS      (60000 * NS_PER_MS)
#define REFUSALS_SAID          10
#define CLOSES_FREE            20 /* a minute: a front end that comes and goes more often waits before each connection */
#define CLOSES_WINDOW_NS       (60000 * NS_PER_MS)
#define CLOSES_AGAIN_NS        (2000 * NS_PER_MS)
#define CONNECT_DEADLINE_NS    (30000 * NS_PER_MS)
#define DISCONNECT_DEADLINE_NS (10000 * NS_PER_MS)

static void try_again(struct served_device *m, int64_t after_ns)
{
    event_timer_set(&m->all->loop, &m->again, event_loop_now_ns() + after_ns);
}

/* Not the front end's fault: said, and tried again after a growing pause. */
static void fail(struct served_device *m, const char *text)
{
    unsigned doublings = m->failures < FAILED_DOUBLINGS ? m->failures : FAILED_DOUBLINGS;
    m->failures++;
    if (m->all->xs)
        device_store_say_broken(m, text);
    try_again(m, FAILED_AGAIN_NS << doublings);
}

/* The front end's fault. It may try again, but not so often that it keeps us from serving others. */
static void refuse(struct served_device *m, const char *text)
{
    int64_t now = event_loop_now_ns();
    m->refusals = now - m->refused_ns < REFUSAL_MEMORY_NS ? m->refusals + 1 : 0;
    m->refused_ns = now;
    m->refused = true;
    if (m->all->xs && m->refusals < REFUSALS_SAID)
        device_store_say_error(m, text);
    if (m->refusals)
        try_again(m, REFUSED_AGAIN_NS << (m->refusals < REFUSED_DOUBLINGS ? m->refusals : REFUSED_DOUBLINGS));
}

/* Somebody holds the image: for some time that is no failure. */
static void wait_busy(struct served_device *m, const char *text)
{
    int64_t now = event_loop_now_ns();
    if (!m->busy_since_ns)
        m->busy_since_ns = now;
    if (now - m->busy_since_ns < BUSY_MAX_NS)
        try_again(m, BUSY_AGAIN_NS);
    else
        fail(m, text);
}

/* ---- opening and closing ---- */

static void counters_path(const struct served_device *m, char *path, size_t size)
{
    snprintf(path, size, DEVICE_COUNTERS_DIR "/%u/%s-%u", m->d.domid, m->d.kind->name, m->d.id);
}

static int open_counters(struct served_device *m, struct failure *failure)
{
    char path[80];
    struct stat stat;
    counters_path(m, path, sizeof(path));
    *strrchr(path, '/') = 0;
    mkdir(DEVICE_COUNTERS_DIR, 0755);
    mkdir(path, 0755);
    counters_path(m, path, sizeof(path));
    m->d.counters = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (m->d.counters < 0 || fstat(m->d.counters, &stat))
        return failure_errno(failure, "%s", path);
    if (stat.st_size != sizeof(struct device_counters) && ftruncate(m->d.counters, sizeof(struct device_counters)))
        return failure_errno(failure, "%s", path);
    return 0;
}

static void close_counters(struct served_device *m)
{
    if (m->d.counters >= 0)
        close(m->d.counters);
    m->d.counters = -1;
}

/* The worker starts while the guest boots, so the front end need not wait for it, and a program that is not installed
 * is told to who attaches the device. One that was given up is connecting's to tell. */
static int start_early(struct served_device *m, struct failure *failure)
{
    struct worker_process *w = workers_get(&m->all->workers, m->d.worker, m->d.domid);
    return w && !w->broken[0] && worker_process_run(w, failure) < 0 ? -1 : 0;
}

static bool step_open(struct served_device *m)
{
    struct failure failure = {""};
    int opened = m->opening ? 0 : open_counters(m, &failure);
    if (m->d.kind->worker_of)
        m->d.worker = m->d.kind->worker_of(&m->d);
    if (!opened)
        opened = m->d.kind->open(&m->d, &failure);
    m->opening = opened == DEVICE_LATER;
    if (m->opening)
        return false;
    if (!opened && start_early(m, &failure)) {
        m->d.kind->close(&m->d);
        opened = -1;
    }
    if (opened) {
        close_counters(m);
        if (opened == DEVICE_BUSY)
            wait_busy(m, failure.text);
        else
            fail(m, failure.text);
        return false;
    }
    m->opened = true;
    m->failures = 0;
    m->busy_since_ns = 0;
    device_store_say_ready(m);
    if (m->back == XenbusStateInitialising)
        device_store_say(m, XenbusStateInitWait);
    return true;
}

/* Nobody wants it any more before it was open. */
static void stop_opening(struct served_device *m)
{
    m->d.kind->close(&m->d);
    close_counters(m);
    m->opening = false;
}

static bool step_close(struct served_device *m)
{
    m->d.kind->close(&m->d);
    close_counters(m);
    m->opened = m->change_wanted = false;
    return true;
}

static bool step_forget(struct served_device *m)
{
    char path[80];
    counters_path(m, path, sizeof(path));
    unlink(path);
    *strrchr(path, '/') = 0;
    rmdir(path); /* the last one */
    device_store_sweep(m);
    devices_remove(m);
    return false;
}

/* ---- the link to the worker ---- */

static void link_gone(struct served_device *m)
{
    m->link = XENBUS_LINK_NONE;
    m->announced = m->changing = false;
    m->worker = NULL;
    event_timer_stop(&m->all->loop, &m->deadline);
    if (m->d.kind->let_go)
        m->d.kind->let_go(&m->d);
}

static void link_to(struct served_device *m, enum xenbus_link link, int64_t deadline_ns)
{
    m->link = link;
    event_timer_set(&m->all->loop, &m->deadline, event_loop_now_ns() + deadline_ns);
}

/* A worker that runs; NULL: not now. */
static struct worker_process *get_worker(struct served_device *m)
{
    struct failure failure = {""};
    struct worker_process *w = workers_get(&m->all->workers, m->d.worker, m->d.domid);
    int running = w ? worker_process_run(w, &failure) : failure_set(&failure, "no memory for a worker");
    if (!running)
        return w;
    if (running < 0 && w && w->broken[0])
        refuse(m, failure.text);
    else if (running < 0)
        fail(m, failure.text);
    return NULL;
}

static bool step_connect(struct served_device *m)
{
    struct worker_message message = {.kind = WORKER_CONNECT, .device = m->d.id};
    struct failure failure = {""};
    int files[WORKER_FILES_MAX];
    unsigned count = 0;
    if (m->again.set)
        return false;
    struct worker_process *w = get_worker(m);
    if (!w)
        return m->refused;
    int ready = m->d.kind->connect(&m->d, &message, files, &count, &failure);
    if (ready == DEVICE_LATER)
        return false;
    if (ready == DEVICE_BUSY) {
        wait_busy(m, failure.text);
        return false;
    }
    if (ready) {
        refuse(m, failure.text);
        return true;
    }
    m->busy_since_ns = 0;
    if (worker_process_send(w, &message, files, count)) {
        report_device(&m->d, "%s does not listen: %s", m->d.worker, strerror(errno));
        link_gone(m);
        try_again(m, BUSY_AGAIN_NS);
        return false;
    }
    m->worker = w;
    worker_process_link(w);
    link_to(m, XENBUS_LINK_CONNECTING, CONNECT_DEADLINE_NS);
    return true;
}

/* The front end closed, or starts anew. */
static void count_close(struct served_device *m)
{
    int64_t now = event_loop_now_ns();
    if (now - m->window_ns > CLOSES_WINDOW_NS) {
        m->window_ns = now;
        m->closes = 0;
    }
    if (++m->closes > CLOSES_FREE)
        try_again(m, CLOSES_AGAIN_NS);
    else
        report_device(&m->d, m->closes < CLOSES_FREE
                                 ? "disconnected"
                                 : "disconnected; it comes and goes too often, no more is said of it");
}

static bool step_disconnect(struct served_device *m)
{
    const struct worker_message message = {.kind = WORKER_DISCONNECT, .device = m->d.id};
    link_to(m, XENBUS_LINK_ENDING, DISCONNECT_DEADLINE_NS);
    if (worker_process_send(m->worker, &message, NULL, 0))
        worker_process_kill(m->worker);
    return true;
}

/* The worker has it: once for each link, also when the front end saw Connected from the process before. */
static void announce(struct served_device *m)
{
    struct failure failure = {""};
    m->announced = true;
    m->d.answer = &m->answer;
    int said = m->d.kind->connected(&m->d, &failure);
    m->d.answer = NULL;
    if (said)
        refuse(m, failure.text);
    else if (m->error[0])
        device_store_say_ready(m); /* what was wrong is over */
    if (!said)
        m->failures = 0;
    if (!said && m->closes < CLOSES_FREE)
        report_device(&m->d, m->back == XenbusStateConnected ? "taken over" : "connected");
}

/* ---- changes ---- */

static void look_for_change(struct served_device *m)
{
    struct worker_message message = {.kind = WORKER_CHANGE, .device = m->d.id};
    struct failure failure = {""};
    int files[WORKER_FILES_MAX];
    unsigned count = 0;
    bool quiet = m->link == XENBUS_LINK_NONE || m->link == XENBUS_LINK_UP;
    if (!m->change_wanted || !m->opened || m->changing || !quiet)
        return;
    m->change_wanted = false;
    int wanted = m->d.kind->change ? m->d.kind->change(&m->d, &message, files, &count, &failure) : 0;
    if (wanted < 0)
        device_store_say_error(m, failure.text);
    if (wanted <= 0)
        return;
    if (m->link == XENBUS_LINK_UP) {
        m->changing = !worker_process_send(m->worker, &message, files, count);
        m->change_wanted = !m->changing;
    } else if (m->d.kind->changed) {
        m->d.kind->changed(&m->d); /* the worker will be told the new values when it connects */
    }
}

/* ---- all together ---- */

static bool say(struct served_device *m, unsigned state)
{
    device_store_say(m, state); /* if it can't be, the next look tells why */
    return true;
}

/* false: nothing more to do now. */
static bool take_step(struct served_device *m, enum xenbus_step step)
{
    char text[80];
    switch (step) {
    case XENBUS_WAIT:
        return false;
    case XENBUS_OPEN:
        return step_open(m);
    case XENBUS_CONNECT:
        return step_connect(m);
    case XENBUS_DISCONNECT:
        return step_disconnect(m);
    case XENBUS_CLOSE:
        return step_close(m);
    case XENBUS_FORGET:
        return step_forget(m);
    case XENBUS_REFUSE:
        snprintf(text, sizeof(text), "the front end's state is %u, which no front end of this kind has", m->front);
        refuse(m, text);
        return true;
    case XENBUS_SAY_INIT_WAIT:
        return say(m, XenbusStateInitWait);
    case XENBUS_SAY_CONNECTED:
        return say(m, XenbusStateConnected);
    case XENBUS_SAY_CLOSING:
        return say(m, XenbusStateClosing);
    case XENBUS_SAY_CLOSED:
        return say(m, XenbusStateClosed);
    }
    return false;
}

/* A front end that starts anew, or is closed, is no longer the one that was refused. */
static void note_new_front(struct served_device *m)
{
    bool runs = (m->front >= XenbusStateInitialised && m->front <= XenbusStateClosing) || m->front > XenbusStateClosed;
    if (!m->refused || runs)
        return;
    m->refused = false;
    struct worker_process *w = workers_find(&m->all->workers, m->d.worker, m->d.domid);
    if (w)
        worker_process_forgive(w);
}

void device_run(struct served_device *m)
{
    m->dirty = false;
    for (unsigned i = 0; i < STEPS_MAX && m->all->xs; i++) {
        bool online = false;
        enum device_seen seen = device_store_look(m, &online);
        if (seen == DEVICE_STORE_FAILED) {
            devices_store_failed(m->all);
            return;
        }
        if (seen == DEVICE_SEEN)
            note_new_front(m);
        if (m->link == XENBUS_LINK_UP && !m->announced)
            announce(m);
        const struct xenbus_view view = {
            .exists = seen == DEVICE_SEEN && !m->guest_dead,
            .online = online,
            .opened = m->opened,
            .may_open = !m->again.set,
            .refused = m->refused,
            .link = m->link,
            .front = m->front,
            .back = m->back,
        };
        enum xenbus_step step = xenbus_next(&view);
        if (m->opening && step != XENBUS_OPEN)
            stop_opening(m);
        if (step == XENBUS_FORGET) {
            step_forget(m);
            return;
        }
        if (!take_step(m, step)) {
            look_for_change(m);
            return;
        }
    }
    if (!m->again.set)
        try_again(m, BUSY_AGAIN_NS);
}

/* ---- what workers say ---- */

void device_worker_message(struct served_device *m, const struct worker_message *message)
{
    if (message->kind == WORKER_CONNECTED && m->link == XENBUS_LINK_CONNECTING) {
        m->link = XENBUS_LINK_UP;
        m->answer = *message;
        event_timer_stop(&m->all->loop, &m->deadline);
    } else if (message->kind == WORKER_LOST && m->link != XENBUS_LINK_ENDING) {
        struct worker_process *w = m->worker;
        link_gone(m);
        worker_process_unlink(w);
        fail(m, message->text); /* the front end waits until it is back */
    } else if ((message->kind == WORKER_DISCONNECTED && m->link == XENBUS_LINK_ENDING) ||
               (message->kind == WORKER_FAILED && m->link != XENBUS_LINK_ENDING)) {
        struct worker_process *w = m->worker;
        link_gone(m);
        worker_process_unlink(w);
        if (message->kind == WORKER_FAILED)
            refuse(m, message->text);
        else
            count_close(m);
    } else if (m->changing && (message->kind == WORKER_CHANGED || message->kind == WORKER_REFUSED)) {
        m->changing = false;
        if (message->kind == WORKER_REFUSED && m->all->xs)
            device_store_say_error(m, message->text);
        else if (m->d.kind->changed && m->all->xs)
            m->d.kind->changed(&m->d);
    }
    devices_mark(m);
}

void device_worker_died(struct served_device *m, const char *how)
{
    (void)how;
    if (m->link != XENBUS_LINK_NONE)
        link_gone(m);
    devices_mark(m);
}
