/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of instructions that may fault (cpu/extable.h): pairs of 32-bit distances, each counted from its own place,
 * so that the linker can resolve them. A few dozen, and a fault at one of them is rare: they are not sorted.
 */
#include "cpu/extable.h"

struct extable_entry {
    int32_t from, to;
};
_Static_assert(sizeof(struct extable_entry) == 8, "two .long in EXTABLE");

extern const struct extable_entry _extable_start[], _extable_end[];

static uint64_t address_of(const int32_t *distance)
{
    return (uint64_t)distance + (uint64_t)(int64_t)*distance;
}

uint64_t extable_find(uint64_t rip)
{
    for (const struct extable_entry *e = _extable_start; e < _extable_end; e++)
        if (address_of(&e->from) == rip)
            return address_of(&e->to);
    return 0;
}
