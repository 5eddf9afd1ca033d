/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Searches in bit maps, a word at a time. Bits at or above size may hold anything. */
#include "lib/bits.h"

/* invert: all ones to look for clear bits. */
static unsigned int find(const uint64_t *map, unsigned int size, unsigned int start, uint64_t invert)
{
    for (unsigned int base = ALIGN_DOWN(start, 64u); base < size; base += 64) {
        uint64_t word = __atomic_load_n(&map[base / 64], __ATOMIC_RELAXED) ^ invert;

        if (base < start)
            word &= ~0ULL << (start % 64);
        if (word)
            return MIN(base + bits_lowest(word), size);
    }
    return size;
}

unsigned int bits_find_set(const uint64_t *map, unsigned int size, unsigned int start)
{
    return find(map, size, start, 0);
}

unsigned int bits_find_clear(const uint64_t *map, unsigned int size, unsigned int start)
{
    return find(map, size, start, ~0ULL);
}

/* No popcount instruction is assumed, and none of the compiler's library is linked: pairs, nibbles, bytes are summed.
 */
static unsigned int count_word(uint64_t w)
{
    w -= w >> 1 & 0x5555555555555555ULL;
    w = (w & 0x3333333333333333ULL) + (w >> 2 & 0x3333333333333333ULL);
    w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
    return (unsigned int)(w * 0x0101010101010101ULL >> 56);
}

unsigned int bits_count(const uint64_t *map, unsigned int size)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < size / 64; i++)
        n += count_word(map[i]);
    if (size % 64)
        n += count_word(map[size / 64] & ((1ULL << (size % 64)) - 1));
    return n;
}
