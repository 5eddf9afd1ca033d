/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See event_loop.h. Timers are few (one or two for a device), so they are a sorted list. A source that is removed while
 * its round is under way is struck from the round: nobody calls into memory that its owner freed.
 */
#include "common/event_loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

int64_t event_loop_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int event_loop_open(struct event_loop *loop)
{
    *loop = (struct event_loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    return loop->epoll < 0 ? -1 : 0;
}

void event_loop_close(struct event_loop *loop)
{
    close(loop->epoll);
    loop->epoll = -1;
}

static int control(struct event_loop *loop, int operation, struct event_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(loop->epoll, operation, source->fd, &event);
}

int event_loop_add(struct event_loop *loop, struct event_source *source, uint32_t events)
{
    return control(loop, EPOLL_CTL_ADD, source, events);
}

int event_loop_change(struct event_loop *loop, struct event_source *source, uint32_t events)
{
    return control(loop, EPOLL_CTL_MOD, source, events);
}

void event_loop_remove(struct event_loop *loop, struct event_source *source)
{
    control(loop, EPOLL_CTL_DEL, source, 0);
    for (unsigned i = 0; i < EVENT_LOOP_BATCH; i++)
        if (loop->ready[i] == source)
            loop->ready[i] = NULL;
}

void event_timer_stop(struct event_loop *loop, struct event_timer *timer)
{
    for (struct event_timer **at = &loop->timers; timer->set && *at; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            timer->set = false;
            return;
        }
    }
}

void event_timer_set(struct event_loop *loop, struct event_timer *timer, int64_t due_ns)
{
    struct event_timer **at = &loop->timers;
    event_timer_stop(loop, timer);
    while (*at && (*at)->due_ns <= due_ns)
        at = &(*at)->next;
    timer->due_ns = due_ns;
    timer->set = true;
    timer->next = *at;
    *at = timer;
}

/* Those that are due now: one that a callback sets to now again waits for the next round, so files get their turn. */
static void fire_timers(struct event_loop *loop)
{
    if (!loop->timers)
        return;
    int64_t now = event_loop_now_ns();
    while (loop->timers && loop->timers->due_ns < now) {
        struct event_timer *timer = loop->timers;
        event_timer_stop(loop, timer);
        timer->fired(timer);
    }
}

static int sleep_for_events(struct event_loop *loop, struct epoll_event events[EVENT_LOOP_BATCH])
{
    struct timespec wait = {0, 0};
    bool busy = loop->before_sleep && loop->before_sleep(loop);
    bool forever = !busy && !loop->timers;
    if (!busy && loop->timers) {
        int64_t left = loop->timers->due_ns - event_loop_now_ns() + 1;
        if (left > 0)
            wait = (struct timespec){left / NS_PER_S, left % NS_PER_S};
    }
    int n = epoll_pwait2(loop->epoll, events, EVENT_LOOP_BATCH, forever ? NULL : &wait, NULL);
    return n < 0 && errno == EINTR ? 0 : n;
}

int event_loop_run(struct event_loop *loop)
{
    struct epoll_event events[EVENT_LOOP_BATCH];
    while (!loop->ended) {
        int n = sleep_for_events(loop, events);
        if (n < 0)
            return -1;
        for (int i = 0; i < n; i++)
            loop->ready[i] = events[i].data.ptr;
        for (int i = 0; i < n; i++) {
            struct event_source *source = loop->ready[i];
            loop->ready[i] = NULL;
            if (source)
                source->ready(source, events[i].events);
        }
        fire_timers(loop);
    }
    return 0;
}

void event_loop_end(struct event_loop *loop)
{
    loop->ended = true;
}
