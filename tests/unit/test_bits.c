/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Searches in bit maps against a loop over single bits. */
#include "lib/bits.h"
#include "unit.h"
#include <string.h>

#define SIZE 200

static unsigned int slow_find(const uint64_t *map, unsigned int size, unsigned int start, bool value)
{
    unsigned int i = start;
    while (i < size && bit_test(map, i) != value)
        i++;
    return i < size ? i : size;
}

static void test_random(void)
{
    for (unsigned int round = 0; round < 3000; round++) {
        uint64_t map[BITS_TO_LONGS(SIZE)];
        unsigned int size = 1 + (unsigned int)unit_random_below(SIZE);
        unsigned int start = (unsigned int)unit_random_below(size);

        for (unsigned int i = 0; i < ARRAY_SIZE(map); i++)
            map[i] = unit_random_below(3) == 0 ? 0 : unit_random_below(2) ? ~0ULL : unit_random() & unit_random();
        CU_ASSERT_EQUAL(bits_find_set(map, size, start), slow_find(map, size, start, true));
        CU_ASSERT_EQUAL(bits_find_clear(map, size, start), slow_find(map, size, start, false));
    }
}

static void test_edges(void)
{
    uint64_t map[2] = {0, 0};

    CU_ASSERT_EQUAL(bits_find_set(map, 128, 0), 128);
    CU_ASSERT_EQUAL(bits_find_set(map, 0, 0), 0);
    CU_ASSERT_EQUAL(bits_find_clear(map, 65, 64), 64);
    bit_set(map, 127);
    CU_ASSERT_EQUAL(bits_find_set(map, 127, 0), 127); /* a bit at size is not seen */
    CU_ASSERT_EQUAL(bits_find_set(map, 128, 0), 127);
    CU_ASSERT_TRUE(bit_test_and_clear_atomic(map, 127));
    CU_ASSERT_FALSE(bit_test_and_set_atomic(map, 127));
    CU_ASSERT_TRUE(bit_test_and_set_atomic(map, 127));
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
    CU_TestInfo cases[] = {
        {"random maps", test_random}, {"edges", test_edges}, {"orders", test_orders}, CU_TEST_INFO_NULL};
    return unit_run("bits", cases);
}
