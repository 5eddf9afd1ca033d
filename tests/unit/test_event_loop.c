/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop of hvdriverd and its workers: order of timers, and owners that go away while their round is under way. */
#include "common/event_loop.h"
#include "unit.h"

#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MS INT64_C(1000000)

static struct event_loop loop;
static char order[32];

static void note(char what)
{
    size_t n = strlen(order);
    order[n] = what;
    order[n + 1] = 0;
}

struct named_timer {
    struct event_timer timer; /* first */
    char name;
};

static void fired(struct event_timer *timer)
{
    note(((struct named_timer *)timer)->name);
}

static void fired_last(struct event_timer *timer)
{
    (void)timer;
    event_loop_end(&loop);
}

static void run_until(int64_t after_ns)
{
    struct event_timer last = {.fired = fired_last};
    loop.ended = false;
    event_timer_set(&loop, &last, event_loop_now_ns() + after_ns);
    CU_ASSERT_EQUAL(event_loop_run(&loop), 0);
}

static void start(void)
{
    order[0] = 0;
    CU_ASSERT_EQUAL(event_loop_open(&loop), 0);
}

static void test_timers(void)
{
    struct named_timer a = {{.fired = fired}, 'a'}, b = {{.fired = fired}, 'b'}, c = {{.fired = fired}, 'c'};
    start();
    int64_t now = event_loop_now_ns();
    event_timer_set(&loop, &c.timer, now + 3 * MS);
    event_timer_set(&loop, &a.timer, now + 1 * MS);
    event_timer_set(&loop, &b.timer, now + 9 * MS);
    event_timer_set(&loop, &b.timer, now + 2 * MS); /* anew: once, at the new time */
    run_until(20 * MS);
    CU_ASSERT_STRING_EQUAL(order, "abc");
    CU_ASSERT_TRUE(event_loop_now_ns() >= now + 20 * MS);
    CU_ASSERT_FALSE(a.timer.set || b.timer.set || c.timer.set);
    event_timer_set(&loop, &a.timer, event_loop_now_ns() + MS);
    event_timer_stop(&loop, &a.timer);
    event_timer_stop(&loop, &a.timer);
    run_until(5 * MS);
    CU_ASSERT_STRING_EQUAL(order, "abc");
    event_loop_close(&loop);
}

/* A timer that is due again at once does not keep files from their turn. */
static void fired_again(struct event_timer *timer)
{
    if (strlen(order) < 20)
        note('t');
    event_timer_set(&loop, timer, event_loop_now_ns());
}

static void pipe_ready(struct event_source *source, uint32_t events)
{
    char byte;
    CU_ASSERT_TRUE(events & EPOLLIN);
    CU_ASSERT_EQUAL(read(source->fd, &byte, 1), 1);
    event_loop_end(&loop);
}

static void test_busy_timer(void)
{
    struct event_timer busy = {.fired = fired_again};
    struct event_source source = {.ready = pipe_ready};
    int ends[2];
    start();
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    source.fd = ends[0];
    CU_ASSERT_EQUAL(event_loop_add(&loop, &source, EPOLLIN), 0);
    event_timer_set(&loop, &busy, event_loop_now_ns());
    CU_ASSERT_EQUAL(write(ends[1], "", 1), 1);
    CU_ASSERT_EQUAL(event_loop_run(&loop), 0); /* or it never ends */
    event_timer_stop(&loop, &busy);
    event_loop_remove(&loop, &source);
    close(ends[0]);
    close(ends[1]);
    event_loop_close(&loop);
}

/* Both are ready in one round; the first that is called takes the other away and frees it. */
static struct event_source *pair[2];

static void take_other_away(struct event_source *source, uint32_t events)
{
    unsigned other = source == pair[0];
    (void)events;
    note('x');
    event_loop_remove(&loop, pair[other]);
    free(pair[other]);
    event_loop_remove(&loop, source);
    event_loop_end(&loop);
    pair[0] = source;
}

static void test_removed_in_round(void)
{
    int ends[2][2];
    start();
    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(pipe(ends[i]), 0);
        CU_ASSERT_EQUAL(write(ends[i][1], "", 1), 1);
        pair[i] = calloc(1, sizeof(*pair[i]));
        *pair[i] = (struct event_source){.fd = ends[i][0], .ready = take_other_away};
        CU_ASSERT_EQUAL(event_loop_add(&loop, pair[i], EPOLLIN), 0);
    }
    CU_ASSERT_EQUAL(event_loop_run(&loop), 0);
    CU_ASSERT_STRING_EQUAL(order, "x");
    free(pair[0]);
    for (unsigned i = 0; i < 4; i++)
        close(ends[i / 2][i % 2]);
    event_loop_close(&loop);
}

static unsigned looks;

static bool busy_for_three(struct event_loop *l)
{
    (void)l;
    looks++;
    return looks <= 3;
}

static void test_before_sleep(void)
{
    start();
    loop.before_sleep = busy_for_three;
    int64_t begin = event_loop_now_ns();
    run_until(30 * MS);
    CU_ASSERT_TRUE(looks >= 4 && looks < 20); /* three looks without sleeping, then sleep */
    CU_ASSERT_TRUE(event_loop_now_ns() - begin >= 30 * MS);
    event_loop_close(&loop);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"timers", test_timers},
        {"a timer that is always due", test_busy_timer},
        {"removed in its round", test_removed_in_round},
        {"before sleep", test_before_sleep},
        CU_TEST_INFO_NULL,
    };
    return unit_run("event loop", cases);
}
