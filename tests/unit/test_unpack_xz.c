/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xz as kernels use it, against liblzma's own encoder: what it packs comes out again byte for byte, whatever its shape;
 * what is damaged is refused. The data are dense with what the x86 filter looks at.
 */
#include "boot/bcj_x86.h"
#include "boot/unpack_xz.h"
#include "unit.h"
#include <lzma.h>
#include <string.h>

#define SIZE 70000

static uint8_t plain[SIZE], packed[2 * SIZE], out[SIZE + 1];

/* Bytes of which many are opcodes, or top bytes of small operands. */
static void make_plain(void)
{
    static const uint8_t favourite[] = {0xe8, 0xe9, 0x00, 0xff, 0x01, 0xfe};
    uint64_t among = 1 + unit_random_below(16);

    for (size_t i = 0; i < SIZE; i++)
        plain[i] =
            unit_random_below(16) < among ? favourite[unit_random_below(sizeof(favourite))] : (uint8_t)unit_random();
}

static size_t pack(size_t size, bool filtered, lzma_check check)
{
    lzma_options_lzma options;
    size_t length = 0;

    CU_ASSERT_FALSE_FATAL(lzma_lzma_preset(&options, 0));
    lzma_filter filters[] = {{LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    CU_ASSERT_EQUAL_FATAL(
        lzma_stream_buffer_encode(filters + !filtered, check, NULL, plain, size, packed, &length, sizeof(packed)),
        LZMA_OK);
    return length;
}

static void test_shapes(void)
{
    for (unsigned int round = 0; round < 300; round++) {
        size_t size = unit_random_below(2) ? unit_random_below(40) : unit_random_below(SIZE);
        lzma_check check = unit_random_below(4) ? LZMA_CHECK_CRC32 : LZMA_CHECK_CRC64;

        make_plain();
        size_t length = pack(size, unit_random_below(4) != 0, check);
        memset(out, 0x5a, sizeof(out));
        CU_ASSERT_EQUAL(unpack_xz(packed, length, out, SIZE), (long)size);
        CU_ASSERT_EQUAL(memcmp(out, plain, size), 0);
        CU_ASSERT_EQUAL(out[size], 0x5a);
    }
}

/* What stands behind the stream (a bzImage's size word) does not matter. */
static void test_trailing(void)
{
    make_plain();
    size_t length = pack(SIZE, true, LZMA_CHECK_CRC32);
    memset(packed + length, 0xff, 4);
    CU_ASSERT_EQUAL(unpack_xz(packed, length + 4, out, SIZE), SIZE);
    CU_ASSERT_EQUAL(memcmp(out, plain, SIZE), 0);
}

/* Two blocks, as a packer with threads makes them. */
static void test_blocks(void)
{
    lzma_options_lzma options;
    lzma_stream s = LZMA_STREAM_INIT;

    make_plain();
    CU_ASSERT_FALSE_FATAL(lzma_lzma_preset(&options, 0));
    lzma_filter filters[] = {{LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    CU_ASSERT_EQUAL_FATAL(lzma_stream_encoder(&s, filters, LZMA_CHECK_CRC32), LZMA_OK);
    s.next_out = packed;
    s.avail_out = sizeof(packed);
    s.next_in = plain;
    s.avail_in = SIZE / 2;
    while (lzma_code(&s, LZMA_FULL_FLUSH) == LZMA_OK)
        continue;
    s.avail_in = SIZE - SIZE / 2;
    while (lzma_code(&s, LZMA_FINISH) == LZMA_OK)
        continue;
    CU_ASSERT_EQUAL(unpack_xz(packed, s.total_out, out, SIZE), SIZE);
    CU_ASSERT_EQUAL(memcmp(out, plain, SIZE), 0);
    lzma_end(&s);
}

static void test_refused(void)
{
    make_plain();
    size_t length = pack(SIZE, true, LZMA_CHECK_CRC32);
    CU_ASSERT_EQUAL(unpack_xz(packed, length, out, SIZE - 1), DECODE_TOO_SMALL);
    for (unsigned int round = 0; round < 60; round++) {
        size_t cut = unit_random_below(length - 40); /* the index and footer may be missing */
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, packed, cut);
        CU_ASSERT_TRUE(unpack_xz(copy, cut, out, SIZE) < 0);
        free(copy);
    }
    for (unsigned int round = 0; round < 200; round++) {
        size_t at = unit_random_below(length - 40);
        uint8_t old = packed[at];
        packed[at] ^= (uint8_t)(1 + unit_random_below(255));
        CU_ASSERT_TRUE(unpack_xz(packed, length, out, SIZE) < 0);
        packed[at] = old;
    }
}

int main(void)
{
    CU_TestInfo cases[] = {{"any shape comes out again", test_shapes},
                           {"bytes behind the stream", test_trailing},
                           {"several blocks", test_blocks},
                           {"damaged, cut, too long", test_refused},
                           CU_TEST_INFO_NULL};
    return unit_run("unpack_xz", cases);
}
