/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is served next: shares, turns, and what turns must not do. */
#include "store_client.h"
#include "xenstore/schedule.h"
#include "xenstore/transaction.h"

static struct store store;
static struct schedule schedule;
static uint64_t time_now;

static uint64_t now(void)
{
    return time_now;
}

struct worker {
    struct connection connection;
    struct task task;
    unsigned served;
    bool endless;
};
static struct worker workers[4];

static bool serve(struct task *task, int budget)
{
    struct worker *worker = (struct worker *)((char *)task - offsetof(struct worker, task));

    worker->served += budget;
    return worker->endless;
}

/* Workers 0 and 1 are of dom0's socket, 2 and 3 are domains. */
static void begin(void)
{
    store_init(&store);
    schedule_init(&schedule);
    time_now = 1000;
    memset(workers, 0, sizeof(workers));
    for (unsigned i = 0; i < 4; i++) {
        connection_init(&workers[i].connection, &store, i < 2 ? 0 : i, false);
        workers[i].task = (struct task){.connection = &workers[i].connection, .serve = serve};
        workers[i].endless = true;
        schedule_add(&schedule, &workers[i].task);
    }
}

static void end(void)
{
    for (unsigned i = 0; i < 4; i++) {
        schedule_remove(&schedule, &workers[i].task);
        connection_close(&workers[i].connection);
    }
    CU_ASSERT_EQUAL(schedule_timeout(&schedule, now), -1);
    store_free(&store);
}

static void run(unsigned times)
{
    for (unsigned i = 0; i < 4; i++)
        workers[i].served = 0;
    while (times--)
        schedule_run(&schedule, now);
}

static void test_shares(void)
{
    begin();
    run(10);
    for (unsigned i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(workers[i].served, 10 * SCHEDULE_BUDGET);
    CU_ASSERT_EQUAL(schedule_timeout(&schedule, now), 0);
    workers[2].endless = false;
    run(1);
    run(10);
    CU_ASSERT_EQUAL(workers[2].served, 0);
    schedule_remove(&schedule, &workers[3].task); /* the last of the queue */
    schedule_add(&schedule, &workers[2].task);
    schedule_add(&schedule, &workers[2].task);
    run(1);
    CU_ASSERT_EQUAL(workers[2].served, SCHEDULE_BUDGET);
    CU_ASSERT_EQUAL(workers[3].served, 0);
    end();
}

static void test_turn(void)
{
    begin();
    workers[1].connection.conflicts = SCHEDULE_TURN_CONFLICTS;
    run(10); /* the others wait for a privileged client */
    CU_ASSERT_TRUE(workers[0].served <= SCHEDULE_BUDGET && workers[2].served <= SCHEDULE_BUDGET);
    CU_ASSERT_EQUAL(workers[1].served, 10 * SCHEDULE_BUDGET);
    struct transaction *transaction = transaction_start(&workers[1].connection, 0);
    run(10);
    CU_ASSERT_EQUAL(workers[0].served, 0);
    workers[1].connection.conflicts = 0; /* it has made it: over */
    transaction_abort(&workers[1].connection, transaction);
    run(10);
    CU_ASSERT_TRUE(workers[0].served >= 9 * SCHEDULE_BUDGET);
    end();
}

static void test_turn_is_bounded(void)
{
    begin();
    workers[1].connection.conflicts = SCHEDULE_TURN_CONFLICTS;
    workers[1].endless = false; /* it gets its turn and does nothing with it */
    run(2);
    CU_ASSERT_EQUAL(schedule_timeout(&schedule, now), SCHEDULE_TURN_MILLISECONDS);
    workers[1].connection.conflicts = 0;
    time_now += SCHEDULE_TURN_MILLISECONDS;
    CU_ASSERT_EQUAL(schedule_timeout(&schedule, now), 0);
    run(1);
    CU_ASSERT_EQUAL(workers[0].served, SCHEDULE_BUDGET);
    end();
}

/* A domain that loses on purpose holds up other domains for a part of the time only, and dom0 never. */
static void test_turns_are_spaced(void)
{
    begin();
    workers[2].connection.conflicts = 1000;
    unsigned served[4] = {0};
    for (unsigned i = 0; i < 1000; i++, time_now++) {
        run(1);
        for (unsigned w = 0; w < 4; w++)
            served[w] += workers[w].served / SCHEDULE_BUDGET;
    }
    CU_ASSERT_EQUAL(served[0], 1000);
    CU_ASSERT_TRUE(served[3] > 750 && served[3] < 900);
    end();
}

/* The one whose turn it is goes away. */
static void test_turn_owner_leaves(void)
{
    begin();
    workers[1].connection.conflicts = SCHEDULE_TURN_CONFLICTS;
    run(2);
    schedule_remove(&schedule, &workers[1].task);
    run(1);
    CU_ASSERT_EQUAL(workers[0].served, SCHEDULE_BUDGET);
    end();
}

int main(void)
{
    CU_TestInfo cases[] = {{"shares", test_shares},
                           {"a turn", test_turn},
                           {"a turn is bounded", test_turn_is_bounded},
                           {"turns are spaced", test_turns_are_spaced},
                           {"whose turn it is goes away", test_turn_owner_leaves},
                           CU_TEST_INFO_NULL};
    return unit_run("store schedule", cases);
}
