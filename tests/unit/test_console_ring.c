/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console ring against a model that keeps everything ever written. */
#include "platform/console_ring.h"
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 64

static char buf[SIZE];

static struct console_ring fresh(uint32_t start)
{
    return (struct console_ring){.buf = buf, .size = SIZE, .head = start, .tail = start};
}

static void test_write_and_read(void)
{
    struct console_ring r = fresh(0);
    uint32_t at = 0;
    char out[16];
    CU_ASSERT_EQUAL(console_ring_copy(&r, &at, out, sizeof(out)), 0);
    console_ring_write(&r, "hello", 5);
    CU_ASSERT_EQUAL(console_ring_copy(&r, &at, out, 2), 2);
    CU_ASSERT_EQUAL(memcmp(out, "he", 2), 0);
    CU_ASSERT_EQUAL(console_ring_copy(&r, &at, out, sizeof(out)), 3);
    CU_ASSERT_EQUAL(memcmp(out, "llo", 3), 0);
    CU_ASSERT_EQUAL(at, 5);
}

static void test_slow_reader_is_moved_on(void)
{
    struct console_ring r = fresh(0);
    uint32_t at = 0;
    char text[100], out[SIZE];
    for (unsigned int i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    console_ring_write(&r, text, sizeof(text));
    CU_ASSERT_EQUAL(console_ring_copy(&r, &at, out, sizeof(out)), SIZE);
    CU_ASSERT_EQUAL(memcmp(out, text + sizeof(text) - SIZE, SIZE), 0);
}

static void test_position_beyond_the_end(void)
{
    struct console_ring r = fresh(0);
    uint32_t at = 1000;
    char out[8];
    console_ring_write(&r, "abc", 3);
    CU_ASSERT_EQUAL(console_ring_copy(&r, &at, out, sizeof(out)), 3);
    CU_ASSERT_EQUAL(memcmp(out, "abc", 3), 0);
}

/* Around the wrap of the 32-bit position, with readers that lag at random. */
static void test_random(void)
{
    static char all[200000];
    struct console_ring r = fresh(0xffffff00u);
    uint32_t at = r.head, start = r.head;
    size_t written = 0;
    srand(7);
    while (written + 200 < sizeof(all)) {
        size_t n = (size_t)rand() % 100;
        for (size_t i = 0; i < n; i++)
            all[written + i] = (char)rand();
        console_ring_write(&r, all + written, n);
        written += n;
        if (rand() % 3)
            continue;
        char out[SIZE];
        uint32_t lost = (uint32_t)(start + written) - at > SIZE ? (uint32_t)(start + written) - SIZE : at;
        size_t want = (size_t)rand() % SIZE, got = console_ring_copy(&r, &at, out, want);
        size_t held = (uint32_t)(start + written) - lost;
        CU_ASSERT_EQUAL(got, want < held ? want : held);
        CU_ASSERT_EQUAL(memcmp(out, all + (uint32_t)(lost - start), got), 0);
        CU_ASSERT_EQUAL(at, (uint32_t)(lost + got));
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("console_ring", NULL, NULL);
    CU_add_test(s, "write and read", test_write_and_read);
    CU_add_test(s, "a slow reader is moved on", test_slow_reader_is_moved_on);
    CU_add_test(s, "a position beyond the end", test_position_beyond_the_end);
    CU_add_test(s, "random, across the wrap", test_random);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() || CU_get_error() ? 1 : 0;
}
