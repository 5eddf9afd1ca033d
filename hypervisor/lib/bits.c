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
