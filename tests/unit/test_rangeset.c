/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Range sets against an array of booleans; and what happens at the ends of the number line and of the capacity. */
#include "lib/errno.h"
#include "lib/rangeset.h"
#include "unit.h"
#include <string.h>

#define SPAN 200

static void check_form(const struct rangeset *r)
{
    for (unsigned int i = 0; i < r->count; i++) {
        CU_ASSERT_TRUE_FATAL(r->range[i].first <= r->range[i].last);
        if (i)
            CU_ASSERT_TRUE_FATAL(r->range[i - 1].last + 1 < r->range[i].first);
    }
}

static void test_random(void)
{
    struct rangeset r = {0};
    bool model[SPAN] = {0};

    for (unsigned int round = 0; round < 30000; round++) {
        uint64_t first = unit_random_below(SPAN), last = first + unit_random_below(MIN(SPAN - first, 12ULL));
        bool add = unit_random_below(2);
        int error = add ? rangeset_add(&r, first, last) : rangeset_remove(&r, first, last);

        CU_ASSERT_EQUAL_FATAL(error, 0); /* 200 numbers make 100 ranges at most: see test_full for refusals */
        for (uint64_t i = first; i <= last; i++)
            model[i] = add;
        check_form(&r);

        bool all = true;
        first = unit_random_below(SPAN);
        last = first + unit_random_below(SPAN - first);
        for (uint64_t i = first; i <= last; i++)
            all = all && model[i];
        CU_ASSERT_EQUAL(rangeset_contains(&r, first, last), all);
        if (round % 16 == 0) {
            for (uint64_t i = 0; i < SPAN; i++)
                CU_ASSERT_EQUAL_FATAL(rangeset_contains(&r, i, i), model[i]);
        }
    }
}

static void test_edges(void)
{
    struct rangeset r = {0};

    CU_ASSERT_EQUAL(rangeset_add(&r, 5, 4), -EINVAL);
    CU_ASSERT_EQUAL(rangeset_add(&r, 0, ~0ULL), 0);
    CU_ASSERT_TRUE(rangeset_contains(&r, 0, ~0ULL));
    CU_ASSERT_EQUAL(rangeset_remove(&r, 0, 0), 0);
    CU_ASSERT_EQUAL(rangeset_remove(&r, ~0ULL, ~0ULL), 0);
    CU_ASSERT_FALSE(rangeset_contains(&r, 0, 0));
    CU_ASSERT_TRUE(rangeset_contains(&r, 1, ~0ULL - 1));
    CU_ASSERT_EQUAL(rangeset_add(&r, ~0ULL, ~0ULL), 0);
    CU_ASSERT_EQUAL(r.count, 1);
    CU_ASSERT_FALSE(rangeset_contains(&r, 4, 3));
}

static void test_full(void)
{
    struct rangeset r = {0}, before;

    for (uint64_t i = 0; i < RANGESET_MAX; i++)
        CU_ASSERT_EQUAL(rangeset_add(&r, i * 10, i * 10 + 4), 0);
    before = r;
    CU_ASSERT_EQUAL(rangeset_add(&r, 6, 7), -ENOMEM);
    CU_ASSERT_EQUAL(rangeset_remove(&r, 2, 2), -ENOMEM);
    CU_ASSERT_EQUAL(memcmp(&r, &before, sizeof(r)), 0);
    CU_ASSERT_EQUAL(rangeset_add(&r, 5, 5), 0); /* touches: no new range */
    CU_ASSERT_EQUAL(rangeset_remove(&r, 0, 1), 0);
    CU_ASSERT_EQUAL(rangeset_add(&r, 0, 1000), 0);
    CU_ASSERT_EQUAL(r.count, 1);
}

int main(void)
{
    CU_TestInfo cases[] = {{"random", test_random}, {"edges", test_edges}, {"full", test_full}, CU_TEST_INFO_NULL};
    return unit_run("rangeset", cases);
}
