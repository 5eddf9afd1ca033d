/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gives memory for a new guest, and when a balloon is done: by example, and by random hosts on which no plan may
 * break what it promises (nobody below the minimum, exactly enough or nothing).
 */
#include "guest/balloon_progress.h"
#include "guest/memory_plan.h"
#include "unit.h"
#include <stdlib.h>

#define MIB 1024ull

static struct memory_domain domain(unsigned id, uint64_t current, uint64_t min)
{
    return (struct memory_domain){.id = id,
                                  .current = current * MIB,
                                  .target = current * MIB,
                                  .max = current * MIB,
                                  .min = min * MIB,
                                  .has_min = min != 0};
}

static void test_free_first(void)
{
    struct memory_host host = {.free = 100 * MIB};
    struct memory_domain d[] = {domain(0, 512, 128)};

    CU_ASSERT_EQUAL(memory_plan_take(&host, d, 1, MEMORY_FROM_GUESTS, 100 * MIB), 0);
    CU_ASSERT_EQUAL(d[0].taken, 0);
    CU_ASSERT_EQUAL(memory_plan_take(&host, d, 1, MEMORY_FROM_FREE, 101 * MIB), MIB);
    CU_ASSERT_EQUAL(d[0].taken, 0);
    CU_ASSERT_EQUAL(memory_plan_take(&host, d, 1, MEMORY_FROM_DOM0, 100 * MIB + 4), 0);
    CU_ASSERT_EQUAL(d[0].taken, MIB); /* whole MiB */
    CU_ASSERT_EQUAL(d[0].target, 511 * MIB);
}

static void test_dom0_then_guests(void)
{
    struct memory_host host = {.free = 10 * MIB};
    struct memory_domain d[] = {domain(0, 512, 412), domain(1, 256, 128), domain(2, 128, 64), domain(3, 999, 0)};

    CU_ASSERT_EQUAL(memory_plan_take(&host, d, 4, MEMORY_FROM_DOM0, 111 * MIB), MIB);
    CU_ASSERT_EQUAL(memory_plan_take(&host, d, 4, MEMORY_FROM_GUESTS, 110 * MIB), 0);
    CU_ASSERT_EQUAL(d[0].taken, 100 * MIB);
    CU_ASSERT_EQUAL(d[1].taken + d[2].taken, 0);
    /* All of it is on its way now; 96 more come of the guests, two parts to one. */
    CU_ASSERT_EQUAL(memory_plan_coming(d, 4), 100 * MIB);
    CU_ASSERT_EQUAL(memory_plan_take(&host, d, 4, MEMORY_FROM_GUESTS, 206 * MIB), 0);
    CU_ASSERT_EQUAL(d[0].taken, 100 * MIB);
    CU_ASSERT_EQUAL(d[1].taken, 64 * MIB);
    CU_ASSERT_EQUAL(d[2].taken, 32 * MIB);
    CU_ASSERT_EQUAL(d[3].taken, 0); /* stated no minimum */
    CU_ASSERT_EQUAL(memory_plan_take(&host, d, 4, MEMORY_FROM_GUESTS, 303 * MIB), MIB);
    CU_ASSERT_EQUAL(d[1].taken, 64 * MIB); /* it does not fit: nothing is taken */
    CU_ASSERT_EQUAL(memory_plan_take(&host, d, 4, MEMORY_FROM_GUESTS, 302 * MIB), 0);
    CU_ASSERT_EQUAL(d[1].target, 128 * MIB);
    CU_ASSERT_EQUAL(d[2].target, 64 * MIB);
}

static void test_stuck(void)
{
    struct memory_host host = {.free = 0};
    struct memory_domain d[] = {domain(0, 512, 512), domain(1, 256, 128), domain(2, 256, 128)};

    d[1].stuck = true;
    d[1].target = 200 * MIB; /* asked, but it does not move */
    CU_ASSERT_EQUAL(memory_plan_coming(d, 3), 0);
    CU_ASSERT_EQUAL(memory_plan_take(&host, d, 3, MEMORY_FROM_GUESTS, 129 * MIB), MIB);
    CU_ASSERT_EQUAL(memory_plan_take(&host, d, 3, MEMORY_FROM_GUESTS, 128 * MIB), 0);
    CU_ASSERT_EQUAL(d[1].taken, 0);
    CU_ASSERT_EQUAL(d[2].taken, 128 * MIB);
}

/* A guest that was promised more than it has can give no more than it has. */
static void test_grows(void)
{
    struct memory_domain d = domain(1, 100, 50);

    d.target = 400 * MIB;
    CU_ASSERT_EQUAL(memory_plan_surplus(&d, MEMORY_FROM_GUESTS), 50 * MIB);
    CU_ASSERT_EQUAL(memory_plan_coming(&d, 1), 0);
}

static uint64_t some(uint64_t most)
{
    return ((uint64_t)rand() << 20 | (unsigned)rand()) % (most + 1);
}

static void test_random(void)
{
    srand(4);
    for (unsigned round = 0; round < 100000; round++) {
        struct memory_domain d[6], before[6];
        struct memory_host host = {.free = some(1000 * MIB)};
        unsigned count = 1 + (unsigned)some(5);
        enum memory_from from = (enum memory_from)(1 + some(2));
        uint64_t need = some(4000 * MIB), sum = 0, surplus = 0;

        for (unsigned i = 0; i < count; i++) {
            d[i] = (struct memory_domain){.id = i, .current = some(600 * MIB), .min = some(500 * MIB)};
            d[i].target = d[i].current + some(20 * MIB) - (d[i].current > 30 * MIB ? some(20 * MIB) : 0);
            d[i].has_min = i == 0 || some(3);
            d[i].stuck = !some(5);
            before[i] = d[i];
            surplus += memory_plan_surplus(&d[i], from);
        }
        uint64_t there = host.free + memory_plan_coming(d, count);
        uint64_t missing = memory_plan_take(&host, d, count, from, need);
        for (unsigned i = 0; i < count; i++) {
            sum += d[i].taken;
            CU_ASSERT_FATAL(d[i].taken <= memory_plan_surplus(&before[i], from));
            CU_ASSERT_FATAL(!d[i].taken || d[i].target >= d[i].min);
            CU_ASSERT_FATAL(d[i].taken || d[i].target == before[i].target);
        }
        if (missing) {
            CU_ASSERT_EQUAL_FATAL(sum, 0);
            CU_ASSERT_EQUAL_FATAL(missing, need - there - surplus);
        } else {
            CU_ASSERT_FATAL(there + sum >= need);
            CU_ASSERT_FATAL(!sum || there + sum < need + count * MIB);
            CU_ASSERT_FATAL(!sum || memory_plan_take(&host, d, count, from, need) == 0); /* again: all on its way */
            for (unsigned i = 0; i < count; i++)
                sum -= d[i].taken;
            CU_ASSERT_EQUAL_FATAL(sum, 0);
        }
    }
}

static void test_words(void)
{
    enum memory_from from = MEMORY_FROM_FREE;

    CU_ASSERT_EQUAL(memory_from_parse("guests", &from), 0);
    CU_ASSERT_EQUAL(from, MEMORY_FROM_GUESTS);
    CU_ASSERT_EQUAL(memory_from_parse("", &from), -1);
    CU_ASSERT_STRING_EQUAL(memory_from_name(MEMORY_FROM_AUTO), "auto");
    CU_ASSERT_EQUAL(memory_from_resolve(MEMORY_FROM_AUTO, "console=com1"), MEMORY_FROM_DOM0);
    CU_ASSERT_EQUAL(memory_from_resolve(MEMORY_FROM_AUTO, "dom0_mem=1G"), MEMORY_FROM_FREE);
    CU_ASSERT_EQUAL(memory_from_resolve(MEMORY_FROM_AUTO, "xdom0_mem=1 dom0_mem=max:1G"), MEMORY_FROM_FREE);
    CU_ASSERT_EQUAL(memory_from_resolve(MEMORY_FROM_AUTO, "xdom0_mem=1"), MEMORY_FROM_DOM0);
    CU_ASSERT_EQUAL(memory_from_resolve(MEMORY_FROM_GUESTS, "dom0_mem=1G"), MEMORY_FROM_GUESTS);
}

static void test_progress(void)
{
    struct balloon_progress p;

    balloon_progress_start(&p, 100 * MIB, 200 * MIB, 1000);
    CU_ASSERT_EQUAL(balloon_progress_step(&p, 200 * MIB, 10999, 10000), BALLOON_MOVES);
    CU_ASSERT_FALSE(balloon_progress_any(&p));
    CU_ASSERT_EQUAL(balloon_progress_step(&p, 150 * MIB, 10999, 10000), BALLOON_MOVES);
    CU_ASSERT(balloon_progress_any(&p));
    CU_ASSERT_EQUAL(balloon_progress_step(&p, 180 * MIB, 20998, 10000), BALLOON_MOVES); /* back, but not for long */
    CU_ASSERT_EQUAL(balloon_progress_step(&p, 160 * MIB, 20999, 10000), BALLOON_STALLED);
    CU_ASSERT_EQUAL(balloon_progress_step(&p, 101 * MIB, 30000, 10000), BALLOON_REACHED);
    CU_ASSERT_EQUAL(balloon_progress_step(&p, 99 * MIB, 99999, 10000), BALLOON_REACHED);
    balloon_progress_start(&p, 200 * MIB, 100 * MIB, 0);
    CU_ASSERT_EQUAL(balloon_progress_step(&p, 199 * MIB, 1, 10000), BALLOON_REACHED);
    CU_ASSERT_EQUAL(balloon_progress_step(&p, 198 * MIB, 10001, 10000), BALLOON_STALLED);
}

int main(void)
{
    CU_TestInfo cases[] = {{"free memory first", test_free_first},
                           {"dom0, then guests in proportion", test_dom0_then_guests},
                           {"who does not deflate", test_stuck},
                           {"who has less than promised", test_grows},
                           {"random hosts", test_random},
                           {"words and xl's automatic", test_words},
                           {"progress of a balloon", test_progress},
                           CU_TEST_INFO_NULL};
    return unit_run("memory_plan", cases);
}
