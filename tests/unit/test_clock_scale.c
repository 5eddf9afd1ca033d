/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clock arithmetic: scales against exact 128-bit division, and dates against the C library. */
#include "time/clock.h"
#include "time/rtc.h"
#include "unit.h"
#include <time.h>

static uint64_t exact(uint64_t ticks, uint64_t hz)
{
    return (uint64_t)((unsigned __int128)ticks * 1000000000u / hz);
}

/* Never ahead of the exact value, and behind by less than one part in 2^30 and two ticks' worth. */
static void check_scale(uint64_t hz, uint64_t ticks)
{
    struct clock_scale s = clock_scale_for(hz);
    uint64_t got = clock_scale_apply(s, ticks), want = exact(ticks, hz);

    CU_ASSERT(s.mul >= 0x80000000u);
    CU_ASSERT(got <= want);
    CU_ASSERT(want - got <= (want >> 30) + 2000000000u / hz + 2);
}

static void test_frequencies(void)
{
    static const uint64_t hz[] = {1000000,    3579545,    14318180,   100000000,  999999999,  1000000000,
                                  1000000001, 2000000000, 2596000000, 2596123456, 4000000000, 9999999999};

    for (unsigned int i = 0; i < sizeof(hz) / sizeof(hz[0]); i++)
        for (uint64_t ticks = 1; ticks < 1ULL << 50; ticks = ticks * 7 + 3)
            check_scale(hz[i], ticks);
}

static void test_random(void)
{
    for (unsigned int i = 0; i < 100000; i++)
        check_scale(100000 + ((uint64_t)unit_random() << 8 ^ (uint64_t)unit_random()) % 8000000000u,
                    ((uint64_t)unit_random() << 20 ^ (uint64_t)unit_random()) & ((1ULL << 50) - 1));
}

/* What Debian's Xen publishes for this frequency. */
static void test_known(void)
{
    struct clock_scale s = clock_scale_for(2596000000u);

    CU_ASSERT(s.shift == -1);
    CU_ASSERT(s.mul >> 16 == 0xc539 || s.mul >> 16 == 0xc53a);
    s = clock_scale_for(1000000000);
    CU_ASSERT(s.shift == 1 && s.mul == 0x80000000u);
    CU_ASSERT(clock_scale_apply(s, 123456789) == 123456789);
}

static void test_monotone(void)
{
    struct clock_scale s = clock_scale_for(2596123456u);
    uint64_t last = 0;

    for (uint64_t ticks = 0; ticks < 100000; ticks++) {
        uint64_t now = clock_scale_apply(s, ticks);

        CU_ASSERT(now >= last);
        last = now;
    }
}

static void check_date(time_t t)
{
    struct tm tm;

    gmtime_r(&t, &tm);
    CU_ASSERT(rtc_seconds_since_1970((unsigned int)tm.tm_year + 1900, (unsigned int)tm.tm_mon + 1,
                                     (unsigned int)tm.tm_mday, (unsigned int)tm.tm_hour, (unsigned int)tm.tm_min,
                                     (unsigned int)tm.tm_sec) == (uint64_t)t);
}

static void test_dates(void)
{
    check_date(0);
    check_date(951782400);  /* 2000-02-29 */
    check_date(1709164800); /* 2024-02-29 */
    check_date(4107542400); /* 2100-03-01 */
    for (time_t t = 0; t < 8000000000; t += 86400 * 3 + 12345)
        check_date(t);
}

static void test_bad_month(void)
{
    CU_ASSERT(rtc_seconds_since_1970(2024, 0, 0, 0, 0, 0) == rtc_seconds_since_1970(2024, 1, 1, 0, 0, 0));
    CU_ASSERT(rtc_seconds_since_1970(2024, 165, 1, 0, 0, 0) == rtc_seconds_since_1970(2024, 1, 1, 0, 0, 0));
}

int main(void)
{
    CU_TestInfo cases[] = {{"frequencies", test_frequencies},
                           {"random", test_random},
                           {"known", test_known},
                           {"monotone", test_monotone},
                           {"dates", test_dates},
                           {"bad month", test_bad_month},
                           CU_TEST_INFO_NULL};
    return unit_run("clock", cases);
}
