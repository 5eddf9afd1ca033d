/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of uint64_t numbers kept as sorted disjoint ranges: what a domain may touch (frames of I/O memory, interrupts,
 * ports). Pure; the caller locks. Capacity is fixed at creation: a set that would need more ranges refuses with -ENOMEM
 * and stays as it was.
 */
#ifndef HAVEN_LIB_RANGESET_H
#define HAVEN_LIB_RANGESET_H

#include "lib/types.h"

#define RANGESET_MAX 64

struct rangeset {
    unsigned int count;
    struct {
        uint64_t first, last; /* inclusive */
    } range[RANGESET_MAX];
};

int rangeset_add(struct rangeset *r, uint64_t first, uint64_t last);
int rangeset_remove(struct rangeset *r, uint64_t first, uint64_t last);
bool rangeset_contains(const struct rangeset *r, uint64_t first, uint64_t last);

#endif
