/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much a guest may send: a token bucket. Bytes may be taken while there is any credit, also more than there is: the
 * debt is waited for. So single packets are never refused, and the average is kept. Pure; time is the caller's.
 */
#ifndef HAVEN_PV_DRIVERS_NET_RATE_LIMIT_H
#define HAVEN_PV_DRIVERS_NET_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
    uint64_t bytes, interval_us; /* so many in each interval; 0: no limit */
    int64_t credit, most;
    uint64_t filled_us; /* when credit was last added */
};

void rate_limit_set(struct rate_limit *r, uint64_t bytes, uint64_t interval_us, uint64_t now_us);
/* 0: go on; else the time until there is credit again, in us. */
uint64_t rate_limit_wait(struct rate_limit *r, uint64_t now_us);
static inline void rate_limit_take(struct rate_limit *r, uint32_t bytes)
{
    r->credit -= bytes;
}
static inline bool rate_limit_exhausted(const struct rate_limit *r)
{
    return r->bytes && r->credit <= 0;
}

#endif
