/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduling policy: a simulated CPU runs units by the policy's word; what is checked are shares of time and delays,
 * not the order of steps.
 */
#include "sched/policy.h"
#include "unit.h"

#define UNITS 8
#define MS    1000000ULL

struct simulation {
    struct sched_queue q;
    struct sched_domain domain[UNITS];
    struct sched_unit unit[UNITS];
    uint64_t ran[UNITS];
    uint64_t now;
    unsigned int switches;
};

static void simulation_init(struct simulation *s, unsigned int n, const uint16_t *weight)
{
    *s = (struct simulation){.now = 1000 * MS};
    policy_queue_init(&s->q);
    for (unsigned int i = 0; i < n; i++) {
        s->domain[i].weight = weight ? weight[i] : POLICY_WEIGHT_DEFAULT;
        policy_unit_init(&s->unit[i], &s->domain[i], &s->q);
        policy_enqueue(&s->q, &s->unit[i]);
    }
}

static unsigned int index_of(const struct simulation *s, const struct sched_unit *u)
{
    return (unsigned int)(u - s->unit);
}

/* What schedule() does with the policy. */
static void reschedule(struct simulation *s, bool runnable)
{
    struct sched_unit *before = s->q.running;

    policy_charge(&s->q, s->now);
    if (s->q.running) {
        if (runnable && !policy_must_switch(&s->q, s->now))
            return;
        policy_stop_running(&s->q, runnable);
    }
    policy_pick(&s->q, s->now);
    s->switches += s->q.running != before;
}

static void pass(struct simulation *s, uint64_t ns)
{
    if (s->q.running)
        s->ran[index_of(s, s->q.running)] += ns;
    s->now += ns;
}

/* Everybody always wants to run. */
static void run_hogs(struct simulation *s, uint64_t duration)
{
    uint64_t end = s->now + duration;

    while (s->now < end) {
        uint64_t look;

        reschedule(s, true);
        look = policy_next_look(&s->q, s->now);
        if (look > end)
            look = end;
        CU_ASSERT_FATAL(look > s->now);
        pass(s, look - s->now);
    }
}

static void near(double got, double wanted, double tolerance)
{
    CU_ASSERT(got > wanted - tolerance && got < wanted + tolerance);
}

static void test_equal_shares(void)
{
    struct simulation s;

    simulation_init(&s, 3, NULL);
    run_hogs(&s, 3000 * MS);
    for (unsigned int i = 0; i < 3; i++)
        near((double)s.ran[i] / (1000 * MS), 1.0, 0.02);
}

static void test_weights(void)
{
    static const uint16_t weight[] = {256, 512, 128, 1};
    struct simulation s;

    simulation_init(&s, 4, weight);
    run_hogs(&s, 8970 * MS);
    near((double)s.ran[0] / (double)s.ran[2], 2.0, 0.1);
    near((double)s.ran[1] / (double)s.ran[0], 2.0, 0.1);
    CU_ASSERT(s.ran[3] > 0);
}

/* A slice is not cut short without a reason. */
static void test_few_switches(void)
{
    struct simulation s;

    simulation_init(&s, 4, NULL);
    run_hogs(&s, 1000 * MS);
    CU_ASSERT(s.switches <= 1000 * MS / POLICY_SLICE + 4);
}

static void test_alone_needs_no_timer(void)
{
    struct simulation s;

    simulation_init(&s, 1, NULL);
    reschedule(&s, true);
    CU_ASSERT(s.q.running == &s.unit[0]);
    CU_ASSERT(policy_next_look(&s.q, s.now) == ~0ULL);
}

/* With nobody waiting the slice does not count, but the cap does. */
static void test_cap_alone(void)
{
    struct simulation s;

    simulation_init(&s, 1, NULL);
    s.domain[0].cap = 50;
    run_hogs(&s, 3000 * MS);
    near((double)s.ran[0] / (3000 * MS), 0.5, 0.02);
}

static void test_waker_preempts_hog(void)
{
    struct simulation s;

    simulation_init(&s, 2, NULL);
    run_hogs(&s, 100 * MS);
    /* Unit 1 sleeps for long. */
    while (s.q.running != &s.unit[1]) {
        pass(&s, MS);
        reschedule(&s, true);
    }
    reschedule(&s, false);
    CU_ASSERT_FATAL(s.q.running == &s.unit[0]);
    for (unsigned int i = 0; i < 100; i++) {
        pass(&s, MS);
        reschedule(&s, true);
    }
    policy_charge(&s.q, s.now);
    policy_enqueue(&s.q, &s.unit[1]);
    CU_ASSERT(policy_must_switch(&s.q, s.now));
    reschedule(&s, true);
    CU_ASSERT(s.q.running == &s.unit[1]);
}

/* The first unit has run for so long since it was picked, when the second one, which slept for 100 ms, wakes. */
static void wake_second(struct simulation *s, uint64_t ran)
{
    simulation_init(s, 2, NULL);
    policy_dequeue(&s->q, &s->unit[1]);
    run_hogs(s, 100 * MS);
    reschedule(s, false);
    CU_ASSERT_FATAL(!s->q.running);
    policy_enqueue(&s->q, &s->unit[0]);
    reschedule(s, true);
    pass(s, ran);
    policy_charge(&s->q, s->now);
    policy_enqueue(&s->q, &s->unit[1]);
}

/* One that wakes waits until the running one had its rate limit, and the policy asks to be called then. */
static void test_rate_limit(void)
{
    struct simulation s;
    uint64_t look;

    wake_second(&s, POLICY_RATELIMIT / 4);
    CU_ASSERT(!policy_must_switch(&s.q, s.now));
    look = policy_next_look(&s.q, s.now);
    CU_ASSERT(look == s.now - POLICY_RATELIMIT / 4 + POLICY_RATELIMIT);
    pass(&s, look - s.now);
    reschedule(&s, true);
    CU_ASSERT(s.q.running == &s.unit[1]);
}

/* One that is woken by another of its domain comes after a short while, be the waker's rate limit over or just begun.
 */
static void test_hold(void)
{
    static const uint64_t ran[] = {POLICY_RATELIMIT / 10, POLICY_RATELIMIT * 2};
    struct simulation s;

    for (unsigned int i = 0; i < 2; i++) {
        wake_second(&s, ran[i]);
        policy_hold(&s.q, s.now);
        CU_ASSERT(!policy_must_switch(&s.q, s.now));
        CU_ASSERT(policy_next_look(&s.q, s.now) == s.now + POLICY_HOLD);
        pass(&s, POLICY_HOLD);
        reschedule(&s, true);
        CU_ASSERT(s.q.running == &s.unit[1]);
    }
}

/* Having slept gives no claim to the time slept through: the sleeper's lead is bounded. */
static void test_sleeper_cannot_save_up(void)
{
    struct simulation s;
    uint64_t before[2];

    simulation_init(&s, 2, NULL);
    policy_dequeue(&s.q, &s.unit[1]);
    run_hogs(&s, 1000 * MS);
    policy_charge(&s.q, s.now);
    policy_enqueue(&s.q, &s.unit[1]);
    before[0] = s.ran[0];
    before[1] = s.ran[1];
    run_hogs(&s, 100 * MS);
    CU_ASSERT(s.ran[1] - before[1] <= 50 * MS + POLICY_SLEEPER + 2 * POLICY_SLICE);
    CU_ASSERT(s.ran[0] - before[0] >= 50 * MS - POLICY_SLEEPER - 2 * POLICY_SLICE);
}

static void test_yield_lets_the_other_go(void)
{
    struct simulation s;
    struct sched_unit *first;

    simulation_init(&s, 2, NULL);
    reschedule(&s, true);
    for (unsigned int i = 0; i < 10; i++) {
        first = s.q.running;
        pass(&s, 1000);
        first->yielded = true;
        reschedule(&s, true);
        CU_ASSERT(s.q.running != first);
    }
}

static void test_cap(void)
{
    struct simulation s;

    simulation_init(&s, 2, NULL);
    s.domain[0].cap = 25;
    s.domain[1].cap = 10;
    run_hogs(&s, 3000 * MS);
    near((double)s.ran[0] / (3000 * MS), 0.25, 0.02);
    near((double)s.ran[1] / (3000 * MS), 0.10, 0.02);
}

/* A capped one beside one that is not: the rest of the time is the other's. */
static void test_cap_leaves_rest(void)
{
    struct simulation s;

    simulation_init(&s, 2, NULL);
    s.domain[0].cap = 20;
    run_hogs(&s, 3000 * MS);
    near((double)s.ran[0] / (3000 * MS), 0.20, 0.02);
    near((double)s.ran[1] / (3000 * MS), 0.80, 0.02);
}

/* Moving between queues whose times differ widely gives neither lead nor debt. */
static void test_other_queue(void)
{
    struct simulation a, b;

    simulation_init(&a, 2, NULL);
    simulation_init(&b, 1, NULL);
    b.q.vtime = 12345678901234ULL;
    b.unit[0].vtime = b.q.vtime;
    run_hogs(&a, 100 * MS);
    policy_charge(&a.q, a.now);
    policy_stop_running(&a.q, true);
    policy_dequeue(&a.q, &a.unit[1]);
    policy_enqueue(&b.q, &a.unit[1]);
    CU_ASSERT(a.unit[1].queue == &b.q);
    CU_ASSERT((int64_t)(a.unit[1].vtime - b.q.vtime) < (int64_t)(2 * POLICY_SLICE));
    CU_ASSERT((int64_t)(a.unit[1].vtime - b.q.vtime) >= -(int64_t)POLICY_SLEEPER);
}

static void check_invariants(const struct simulation *s)
{
    const struct sched_unit *u, *last = NULL;
    unsigned int count = 0;

    list_for_each_entry (u, &s->q.waiting, link) {
        CU_ASSERT(u->waiting && u != s->q.running);
        if (last)
            CU_ASSERT((int64_t)(u->vtime - last->vtime) >= 0);
        last = u;
        count++;
    }
    CU_ASSERT(count == s->q.count);
}

/* Random sleeping, waking, yielding: order and counts hold, virtual time never goes back, nobody who wants to run
 * starves. */
static void test_random(void)
{
    struct simulation s;
    bool asleep[UNITS] = {false};
    uint64_t last_run[UNITS];

    simulation_init(&s, UNITS, NULL);
    for (unsigned int i = 0; i < UNITS; i++)
        last_run[i] = s.now;
    for (unsigned int step = 0; step < 200000; step++) {
        unsigned int i = (unsigned int)unit_random() % UNITS;
        uint64_t vtime = s.q.vtime;

        pass(&s, (uint64_t)unit_random() % (2 * MS));
        if (s.q.running && unit_random() % 8 == 0) {
            asleep[index_of(&s, s.q.running)] = true;
            reschedule(&s, false);
        } else if (asleep[i] && s.q.running != &s.unit[i]) {
            asleep[i] = false;
            last_run[i] = s.now;
            policy_charge(&s.q, s.now);
            policy_enqueue(&s.q, &s.unit[i]);
        } else if (s.q.running && unit_random() % 8 == 0) {
            s.q.running->yielded = true;
        }
        reschedule(&s, true);
        if (s.q.running)
            last_run[index_of(&s, s.q.running)] = s.now;
        CU_ASSERT((int64_t)(s.q.vtime - vtime) >= 0);
        check_invariants(&s);
        for (unsigned int k = 0; k < UNITS; k++)
            if (!asleep[k])
                CU_ASSERT(s.now - last_run[k] < 200 * MS);
    }
}

int main(void)
{
    CU_TestInfo cases[] = {{"equal shares", test_equal_shares},
                           {"weights", test_weights},
                           {"few switches", test_few_switches},
                           {"alone needs no timer", test_alone_needs_no_timer},
                           {"waker preempts hog", test_waker_preempts_hog},
                           {"rate limit", test_rate_limit},
                           {"one that its own domain wakes", test_hold},
                           {"sleeper cannot save up", test_sleeper_cannot_save_up},
                           {"yield", test_yield_lets_the_other_go},
                           {"cap", test_cap},
                           {"cap alone", test_cap_alone},
                           {"cap leaves rest", test_cap_leaves_rest},
                           {"other queue", test_other_queue},
                           {"random", test_random},
                           CU_TEST_INFO_NULL};
    return unit_run("sched_policy", cases);
}
