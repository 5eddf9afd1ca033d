/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacking kernels: each format, truncated and damaged, too large, with bytes behind the end; packed with the formats'
 * own libraries. And the operations on pages.
 */
#include "build/page_ops.h"
#include "build/unpack.h"
#include "unit.h"
#include <lz4.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define PLAIN (256u << 10)
#define ROOM  (1u << 20)

static uint8_t plain[PLAIN], packed[ROOM];

static void make_plain(void)
{
    for (size_t i = 0; i < PLAIN; i++)
        plain[i] = i % 4096 < 2048 ? (uint8_t)(i >> 4) : (uint8_t)(unit_random() & 3);
}

static size_t pack_gzip(void)
{
    z_stream z = {.next_in = plain, .avail_in = PLAIN, .next_out = packed, .avail_out = ROOM};

    deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    CU_ASSERT_EQUAL(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static size_t pack_xz(void)
{
    size_t n = 0;

    CU_ASSERT_EQUAL(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, plain, PLAIN, packed, &n, ROOM), LZMA_OK);
    return n;
}

static size_t pack_lz4(void)
{
    static const uint8_t magic[4] = {0x02, 0x21, 0x4c, 0x18};
    int n = LZ4_compress_default((const char *)plain, (char *)packed + 8, PLAIN, ROOM - 8);
    uint32_t block = (uint32_t)n;

    memcpy(packed, magic, 4);
    memcpy(packed + 4, &block, 4);
    return 8 + block;
}

static size_t pack_zstd(void)
{
    return ZSTD_compress(packed, ROOM, plain, PLAIN, 3);
}

static const struct {
    const char *name;
    size_t (*pack)(void);
} formats[] = {{"gzip", pack_gzip}, {"xz", pack_xz}, {"lz4", pack_lz4}, {"zstd", pack_zstd}};

/* From memory of exactly that size, so that the sanitizer sees every byte read beyond. */
static const char *unpack_copy(size_t size, uint8_t *out, size_t room, size_t *n)
{
    uint8_t *copy = malloc(size ? size : 1);

    memcpy(copy, packed, size);
    const char *wrong = unpack_here(copy, size, out, room, n);
    free(copy);
    return wrong;
}

static void test_formats(void)
{
    uint8_t *out = malloc(PLAIN);

    for (unsigned i = 0; i < 4; i++) {
        size_t size = formats[i].pack(), n = 0;

        CU_ASSERT_STRING_EQUAL(unpack_format(packed, size), formats[i].name);
        memset(out, 0xaa, PLAIN);
        CU_ASSERT_PTR_NULL(unpack_copy(size, out, PLAIN, &n));
        CU_ASSERT_TRUE(n == PLAIN && memcmp(out, plain, PLAIN) == 0);
        memcpy(packed + size, "\0\0\x04\0", 4); /* the size that bzImages have behind it */
        CU_ASSERT_PTR_NULL(unpack_copy(size + 4, out, PLAIN, &n));
        CU_ASSERT_TRUE(n == PLAIN && memcmp(out, plain, PLAIN) == 0);
        CU_ASSERT_PTR_NOT_NULL(unpack_copy(size, out, PLAIN - 1, &n));
        CU_ASSERT_PTR_NOT_NULL(unpack_copy(size / 2, out, PLAIN, &n));
        CU_ASSERT_PTR_NOT_NULL(unpack_copy(7, out, PLAIN, &n));
    }
    CU_ASSERT_PTR_NULL(unpack_format("MZ, or anything", 15));
    CU_ASSERT_PTR_NULL(unpack_format("\x1f\x8b", 2));
    free(out);
}

static void test_damaged(void)
{
    uint8_t *out = malloc(PLAIN);

    for (unsigned i = 0; i < 4; i++)
        for (unsigned round = 0; round < 60; round++) {
            size_t size = formats[i].pack(), n = 0;
            for (unsigned k = 0; k < 3; k++)
                packed[4 + unit_random_below(round & 1 ? 60 : size - 4)] ^= (uint8_t)(1 + unit_random_below(255));
            const char *wrong = unpack_copy(size, out, PLAIN, &n);
            CU_ASSERT_TRUE(n <= PLAIN);
            CU_ASSERT_TRUE(wrong || n <= PLAIN);
        }
    free(out);
}

static void test_pages(void)
{
    uint8_t *p = aligned_alloc(PAGE_BYTES, 3 * PAGE_BYTES);

    memset(p, 0, 3 * PAGE_BYTES);
    CU_ASSERT_TRUE(page_is_zero(p));
    for (unsigned i = 0; i < PAGE_BYTES; i++) {
        p[i] = 0x80;
        CU_ASSERT_FALSE(page_is_zero(p));
        p[i] = 0;
    }
    for (unsigned i = 0; i < PAGE_BYTES + 1; i++)
        p[i] = (uint8_t)unit_random();
    page_copy(p + 2 * PAGE_BYTES, p + 1); /* what is read need not be aligned */
    CU_ASSERT_EQUAL(memcmp(p + 2 * PAGE_BYTES, p + 1, PAGE_BYTES), 0);
    p[PAGE_BYTES] = 7;
    page_clear(p);
    CU_ASSERT_TRUE(page_is_zero(p));
    CU_ASSERT_EQUAL(p[PAGE_BYTES], 7);
    free(p);
    /* RFC 3720, B.4: 32 bytes of zeros, and of ones */
    uint8_t zeros[32] = {0}, ones[32];
    memset(ones, 0xff, sizeof(ones));
    CU_ASSERT_EQUAL(~crc32c(~0u, zeros, 32), 0x8a9136aau);
    CU_ASSERT_EQUAL(~crc32c(~0u, ones, 32), 0x62a8ab43u);
    CU_ASSERT_EQUAL(crc32c(crc32c(~0u, ones, 8), ones, 24), crc32c(~0u, ones, 32));
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"each format", test_formats}, {"damaged", test_damaged}, {"pages", test_pages}, CU_TEST_INFO_NULL};
    make_plain();
    return unit_run("unpack", cases);
}
