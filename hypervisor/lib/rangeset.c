/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sorted disjoint ranges in an array. Invariant: range[i].last + 1 < range[i + 1].first, so neighbours are always
 * merged and a set of numbers has one representation.
 */
#include "lib/rangeset.h"
#include "lib/errno.h"
#include "lib/string.h"

/* First range that ends at or behind n; count if there is none. */
static unsigned int find(const struct rangeset *r, uint64_t n)
{
    unsigned int lo = 0, hi = r->count;

    while (lo < hi) {
        unsigned int mid = (lo + hi) / 2;
        if (r->range[mid].last < n)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Ranges from..to-1 make room for 'fill' ones. */
static void replace(struct rangeset *r, unsigned int from, unsigned int to, unsigned int fill)
{
    memmove(&r->range[from + fill], &r->range[to], (r->count - to) * sizeof(r->range[0]));
    r->count += fill - (to - from);
}

int rangeset_add(struct rangeset *r, uint64_t first, uint64_t last)
{
    if (first > last)
        return -EINVAL;

    /* Neighbours that only touch are swallowed too. */
    unsigned int from = find(r, first ? first - 1 : 0), to = from;
    while (to < r->count && (last == ~0ULL || r->range[to].first <= last + 1))
        to++;

    if (from == to && r->count == RANGESET_MAX)
        return -ENOMEM;
    if (from < to) {
        first = MIN(first, r->range[from].first);
        last = MAX(last, r->range[to - 1].last);
    }
    replace(r, from, to, 1);
    r->range[from].first = first;
    r->range[from].last = last;
    return 0;
}

int rangeset_remove(struct rangeset *r, uint64_t first, uint64_t last)
{
    if (first > last)
        return -EINVAL;

    unsigned int from = find(r, first), to = from;
    while (to < r->count && r->range[to].first <= last)
        to++;
    if (from == to)
        return 0;

    /* Pieces that stay in front of and behind the hole. */
    uint64_t head = r->range[from].first, tail = r->range[to - 1].last;
    unsigned int pieces = (head < first) + (tail > last);
    if (r->count - (to - from) + pieces > RANGESET_MAX)
        return -ENOMEM;

    replace(r, from, to, pieces);
    if (head < first) {
        r->range[from].first = head;
        r->range[from].last = first - 1;
        from++;
    }
    if (tail > last) {
        r->range[from].first = last + 1;
        r->range[from].last = tail;
    }
    return 0;
}

bool rangeset_contains(const struct rangeset *r, uint64_t first, uint64_t last)
{
    unsigned int i = find(r, first);

    return first <= last && i < r->count && r->range[i].first <= first && last <= r->range[i].last;
}
