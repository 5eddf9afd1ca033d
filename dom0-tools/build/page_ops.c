/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See page_ops.h. SSE2 is in every x86-64 CPU; SSE4.2 has an instruction for CRC-32C. */
#include "build/page_ops.h"

#include <emmintrin.h>
#include <nmmintrin.h>
#include <string.h>

bool page_is_zero(const void *page)
{
    const __m128i *p = page, *end = p + PAGE_BYTES / sizeof(*p);

    for (; p < end; p += 8) {
        __m128i any = _mm_loadu_si128(p);
        for (unsigned i = 1; i < 8; i++)
            any = _mm_or_si128(any, _mm_loadu_si128(p + i));
        if (_mm_movemask_epi8(_mm_cmpeq_epi8(any, _mm_setzero_si128())) != 0xffff)
            return false;
    }
    return true;
}

void page_clear(void *page)
{
    __m128i *p = page, *end = p + PAGE_BYTES / sizeof(*p);

    for (; p < end; p += 8)
        for (unsigned i = 0; i < 8; i++)
            _mm_store_si128(p + i, _mm_setzero_si128());
}

void page_copy(void *to, const void *from)
{
    __m128i *out = to, *end = out + PAGE_BYTES / sizeof(*out);
    const __m128i *in = from;

    for (; out < end; out += 8, in += 8)
        for (unsigned i = 0; i < 8; i++)
            _mm_store_si128(out + i, _mm_loadu_si128(in + i));
}

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *p, size_t size)
{
    uint64_t state = crc;

    for (; size >= 64; p += 64, size -= 64) {
        uint64_t word[8];
        memcpy(word, p, sizeof(word));
        for (unsigned i = 0; i < 8; i++)
            state = _mm_crc32_u64(state, word[i]);
    }
    for (; size >= 8; p += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof(word));
        state = _mm_crc32_u64(state, word);
    }
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
