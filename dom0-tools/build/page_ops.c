/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See page_ops.h. SSE2 is in every x86-64 CPU, AVX in most; SSE4.2 has an instruction for CRC-32C. */
#include "build/page_ops.h"

#include <immintrin.h>
#include <string.h>

/* Eight statements: compilers do not unroll such loops by themselves, and the loop would cost more than its work. */
#define EIGHT(statement)                                                                                               \
    do {                                                                                                               \
        statement(0) statement(1) statement(2) statement(3) statement(4) statement(5) statement(6) statement(7)        \
    } while (0)

bool page_is_zero(const void *page)
{
    const __m128i *p = page, *end = p + PAGE_BYTES / sizeof(*p);

#define GATHER(i) any = _mm_or_si128(any, _mm_loadu_si128(p + (i)));
    for (; p < end; p += 8) {
        __m128i any = _mm_setzero_si128();
        EIGHT(GATHER);
        if (_mm_movemask_epi8(_mm_cmpeq_epi8(any, _mm_setzero_si128())) != 0xffff)
            return false;
    }
    return true;
}

void page_clear(void *page)
{
    __m128i *p = page, *end = p + PAGE_BYTES / sizeof(*p);

#define CLEAR(i) _mm_store_si128(p + (i), _mm_setzero_si128());
    for (; p < end; p += 8)
        EIGHT(CLEAR);
}

__attribute__((target("avx"))) static void page_copy_avx(void *to, const void *from)
{
    __m256i *out = to, *end = out + PAGE_BYTES / sizeof(*out);
    const __m256i *in = from;

#define COPY_AVX(i) _mm256_store_si256(out + (i), _mm256_loadu_si256(in + (i)));
    for (; out < end; out += 8, in += 8)
        EIGHT(COPY_AVX);
}

void page_copy(void *to, const void *from)
{
    __m128i *out = to, *end = out + PAGE_BYTES / sizeof(*out);
    const __m128i *in = from;

    if (__builtin_cpu_supports("avx")) {
        page_copy_avx(to, from);
        return;
    }
#define COPY(i) _mm_store_si128(out + (i), _mm_loadu_si128(in + (i)));
    for (; out < end; out += 8, in += 8)
        EIGHT(COPY);
}

static uint64_t word_at(const uint8_t *p, unsigned i)
{
    uint64_t word;

    memcpy(&word, p + 8 * i, sizeof(word));
    return word;
}

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *p, size_t size)
{
    uint64_t state = crc;

#define ADD(i) state = _mm_crc32_u64(state, word_at(p, i));
    for (; size >= 64; p += 64, size -= 64)
        EIGHT(ADD);
    for (; size >= 8; p += 8, size -= 8)
        ADD(0);
    return (uint32_t)state;
}

static uint32_t crc32c_bits(uint32_t crc, const uint8_t *p, size_t size)
{
    for (; size; p++, size--) {
        crc ^= *p;
        for (unsigned i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return crc;
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t size)
{
    size &= ~(size_t)7;
    return __builtin_cpu_supports("sse4.2") ? crc32c_sse42(crc, bytes, size) : crc32c_bits(crc, bytes, size);
}
