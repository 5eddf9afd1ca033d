/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of instructions that may fault (cpu/extable.h): pairs of 32-bit distances, each counted from its own place,
 * so that the linker can resolve them. Sorted once at boot by the faulting address, then searched by halving.
 *
 * Sorting swaps entries, whose distances change with their place: they are turned into distances from the table's start
 * first and stay so.
 */
#include "cpu/extable.h"
#include "lib/compiler.h"

struct extable_entry {
    int32_t from, to;
};
_Static_assert(sizeof(struct extable_entry) == 8, "two .long in EXTABLE");

extern struct extable_entry _extable_start[], _extable_end[];

static bool sorted;

static uint64_t table_address(int32_t distance)
{
    return (uint64_t)_extable_start + (uint64_t)(int64_t)distance;
}

static void __init sift_down(size_t root, size_t count)
{
    struct extable_entry *t = _extable_start;

    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && t[child + 1].from > t[child].from)
            child++;
        if (t[root].from >= t[child].from)
            return;
        struct extable_entry e = t[root];
        t[root] = t[child];
        t[child] = e;
    }
}

void __init extable_init(void)
{
    size_t count = (size_t)(_extable_end - _extable_start);
    struct extable_entry *t = _extable_start;

    if (sorted)
        return;
    for (size_t i = 0; i < count; i++) {
        t[i].from += (int32_t)((char *)&t[i].from - (char *)t);
        t[i].to += (int32_t)((char *)&t[i].to - (char *)t);
    }
    for (size_t i = count / 2; i-- > 0;)
        sift_down(i, count);
    for (size_t i = count; i-- > 1;) {
        struct extable_entry e = t[0];
        t[0] = t[i];
        t[i] = e;
        sift_down(0, i);
    }
    sorted = true;
}

uint64_t extable_find(uint64_t rip)
{
    size_t low = 0, high = (size_t)(_extable_end - _extable_start);

    if (!sorted)
        return 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        uint64_t from = table_address(_extable_start[middle].from);

        if (from == rip)
            return table_address(_extable_start[middle].to);
        if (from < rip)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}
