/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is served next. Clients with something to do stand in a queue; each gets its budget of requests and goes to the
 * end, so a client that floods the server takes its share and no more.
 *
 * Turns: transactions that meet each other are tried again, and a slow client could lose for ever against fast ones. A
 * client that lost some times in a row gets a turn: while its next transaction is open, the others of its kind wait,
 * for a bounded time. Privileged clients never wait for unprivileged ones, and turns are spaced out, so that nobody can
 * hold the store up by losing on purpose. Pure: the time comes from outside.
 */
#ifndef HAVEN_XENSTORE_SCHEDULE_H
#define HAVEN_XENSTORE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULE_BUDGET            32 /* requests */
#define SCHEDULE_TURN_CONFLICTS    3  /* in a row, until a client gets a turn */
#define SCHEDULE_TURN_MILLISECONDS 20
#define SCHEDULE_TURN_SPACING      5 /* of all the time, one part may be turns */

struct connection;

struct task {
    struct task *next;
    bool queued;
    struct connection *connection;
    /* Handles up to budget requests; true if there are more. */
    bool (*serve)(struct task *task, int budget);
};

struct schedule {
    struct task *first, **last;
    struct connection *turn; /* whose it is */
    bool turn_opened;        /* its transaction has begun */
    uint64_t turn_end, next_turn;
};

void schedule_init(struct schedule *schedule);
void schedule_add(struct schedule *schedule, struct task *task);
/* The task's client goes away. */
void schedule_remove(struct schedule *schedule, struct task *task);

/* Serves each waiting task once. */
void schedule_run(struct schedule *schedule, uint64_t (*now)(void));
/* Milliseconds after which to run again: 0 if tasks can be served, -1 if none is waiting. */
int schedule_timeout(const struct schedule *schedule, uint64_t (*now)(void));

#endif
