/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread's loop over files and timers (epoll). Sources and timers lie in their owners' structures; a callback may
 * add and remove any of them, its own too, and may free its owner once it removed it.
 */
#ifndef HAVEN_PV_DRIVERS_COMMON_EVENT_LOOP_H
#define HAVEN_PV_DRIVERS_COMMON_EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_source {
    int fd;
    void (*ready)(struct event_source *source, uint32_t events); /* events: EPOLLIN, ... */
};

struct event_timer {
    void (*fired)(struct event_timer *timer);
    int64_t due_ns;           /* CLOCK_MONOTONIC */
    bool set;                 /* is in the list */
    struct event_timer *next; /* by due_ns */
};

#define EVENT_LOOP_BATCH 16 /* files looked at in one round */

struct event_loop {
    int epoll;
    bool ended;
    struct event_timer *timers;
    /* Before each sleep, unless NULL: submits what was gathered. true: there is more to do, the loop only looks. */
    bool (*before_sleep)(struct event_loop *loop);
    struct event_source *ready[EVENT_LOOP_BATCH]; /* this round's, NULL: removed meanwhile */
};

int64_t event_loop_now_ns(void);

/* 0, or -1 with errno. */
int event_loop_open(struct event_loop *loop);
void event_loop_close(struct event_loop *loop);

/* events: EPOLLIN, EPOLLOUT, perhaps | EPOLLET; 0 waits for errors only. 0, or -1 with errno. */
int event_loop_add(struct event_loop *loop, struct event_source *source, uint32_t events);
int event_loop_change(struct event_loop *loop, struct event_source *source, uint32_t events);
/* Before the file is closed. */
void event_loop_remove(struct event_loop *loop, struct event_source *source);

/* Sets it, or sets it anew. It fires once. */
void event_timer_set(struct event_loop *loop, struct event_timer *timer, int64_t due_ns);
void event_timer_stop(struct event_loop *loop, struct event_timer *timer);

/* Until event_loop_end: 0; or -1 with errno. */
int event_loop_run(struct event_loop *loop);
void event_loop_end(struct event_loop *loop);

#endif
