/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See schedule.h. */
#include "xenstore/schedule.h"

#include "xenstore/connection.h"
#include <stddef.h>

void schedule_init(struct schedule *schedule)
{
    *schedule = (struct schedule){.last = &schedule->first};
}

void schedule_add(struct schedule *schedule, struct task *task)
{
    if (task->queued)
        return;
    task->queued = true;
    task->next = NULL;
    *schedule->last = task;
    schedule->last = &task->next;
}

void schedule_remove(struct schedule *schedule, struct task *task)
{
    if (schedule->turn == task->connection)
        schedule->turn = NULL;
    if (!task->queued)
        return;
    struct task **place = &schedule->first;
    while (*place != task)
        place = &(*place)->next;
    *place = task->next;
    if (!task->next)
        schedule->last = place;
    task->queued = false;
}

static struct task *take_first(struct schedule *schedule)
{
    struct task *task = schedule->first;

    schedule->first = task->next;
    if (!task->next)
        schedule->last = &schedule->first;
    task->queued = false;
    return task;
}

/* Whether this client has to wait for the one whose turn it is. */
static bool must_wait(const struct schedule *schedule, const struct connection *connection)
{
    const struct connection *turn = schedule->turn;

    return turn && connection != turn && (turn->actor.privileged || !connection->actor.privileged);
}

/* The turn ends with its transaction, or when its time is over. */
static void update_turn(struct schedule *schedule, uint64_t (*now)(void))
{
    struct connection *turn = schedule->turn;

    if (!turn)
        return;
    if (turn->transactions)
        schedule->turn_opened = true;
    if ((schedule->turn_opened && !turn->transactions) || now() >= schedule->turn_end)
        schedule->turn = NULL;
}

static void consider_turn(struct schedule *schedule, struct connection *connection, uint64_t (*now)(void))
{
    if (schedule->turn || connection->conflicts < SCHEDULE_TURN_CONFLICTS)
        return;
    uint64_t time = now();
    if (time < schedule->next_turn)
        return;
    schedule->turn = connection;
    schedule->turn_opened = connection->transactions != NULL;
    schedule->turn_end = time + SCHEDULE_TURN_MILLISECONDS;
    schedule->next_turn =
        connection->actor.privileged ? time : time + SCHEDULE_TURN_MILLISECONDS * SCHEDULE_TURN_SPACING;
}

int schedule_timeout(const struct schedule *schedule, uint64_t (*now)(void))
{
    bool waiting = false;

    for (const struct task *task = schedule->first; task; task = task->next) {
        if (!must_wait(schedule, task->connection))
            return 0;
        waiting = true;
    }
    if (!waiting)
        return -1;
    uint64_t time = now();
    return time < schedule->turn_end ? (int)(schedule->turn_end - time) : 0;
}

void schedule_run(struct schedule *schedule, uint64_t (*now)(void))
{
    /* A mark behind the last: what is added while serving waits for the next time. */
    struct task mark = {.next = NULL}, *task;

    update_turn(schedule, now);
    schedule_add(schedule, &mark);
    while ((task = take_first(schedule)) != &mark) {
        consider_turn(schedule, task->connection, now);
        if (must_wait(schedule, task->connection) || task->serve(task, SCHEDULE_BUDGET))
            schedule_add(schedule, task); /* one that serves no more may be gone with its client */
        update_turn(schedule, now);
    }
}
