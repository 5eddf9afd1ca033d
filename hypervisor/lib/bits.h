/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bit operations on arrays of 64-bit words. The atomic ones are full barriers and carry it in their names. */
#ifndef HAVEN_LIB_BITS_H
#define HAVEN_LIB_BITS_H

#include "lib/types.h"

#define BITS_PER_LONG 64

static inline bool bit_test(const uint64_t *map, unsigned int nr)
{
    return __atomic_load_n(&map[nr / 64], __ATOMIC_RELAXED) >> (nr % 64) & 1;
}

/* Both return the old value of the bit. */
static inline bool bit_test_and_set_atomic(uint64_t *map, unsigned int nr)
{
    uint64_t bit = 1ULL << (nr % 64);
    return __atomic_fetch_or(&map[nr / 64], bit, __ATOMIC_SEQ_CST) & bit;
}

static inline bool bit_test_and_clear_atomic(uint64_t *map, unsigned int nr)
{
    uint64_t bit = 1ULL << (nr % 64);
    return __atomic_fetch_and(&map[nr / 64], ~bit, __ATOMIC_SEQ_CST) & bit;
}

/* Undefined for 0. */
static inline unsigned int bits_lowest(uint64_t x)
{
    return (unsigned int)__builtin_ctzll(x);
}

static inline unsigned int bits_highest(uint64_t x)
{
    return 63 - (unsigned int)__builtin_clzll(x);
}

/* Smallest order such that 1 << order >= n (n > 0). */
static inline unsigned int bits_order(uint64_t n)
{
    return n <= 1 ? 0 : bits_highest(n - 1) + 1;
}

#endif
