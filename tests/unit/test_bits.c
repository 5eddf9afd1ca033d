/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single bits of maps, and orders. */
#include "lib/bits.h"
#include "unit.h"

static void test_atomic(void)
{
    uint64_t map[2] = {0, 1ULL << 63};

    CU_ASSERT_TRUE(bit_test(map, 127));
    CU_ASSERT_TRUE(bit_test_and_clear_atomic(map, 127));
    CU_ASSERT_FALSE(bit_test_and_set_atomic(map, 127));
    CU_ASSERT_TRUE(bit_test_and_set_atomic(map, 127));
    CU_ASSERT_EQUAL(map[0], 0);
}

static void test_orders(void)
{
    static const unsigned int orders[][2] = {{1, 0}, {2, 1}, {3, 2}, {4, 2}, {5, 3}, {512, 9}, {513, 10}};

    for (unsigned int i = 0; i < ARRAY_SIZE(orders); i++)
        CU_ASSERT_EQUAL(bits_order(orders[i][0]), orders[i][1]);
    CU_ASSERT_EQUAL(bits_highest(1), 0);
    CU_ASSERT_EQUAL(bits_highest(~0ULL), 63);
    CU_ASSERT_EQUAL(bits_lowest(1ULL << 63), 63);
}

int main(void)
{
    CU_TestInfo cases[] = {{"atomic", test_atomic}, {"orders", test_orders}, CU_TEST_INFO_NULL};
    return unit_run("bits", cases);
}
