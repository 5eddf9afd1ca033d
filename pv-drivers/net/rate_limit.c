/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A token bucket. See rate_limit.h. */
#include "net/rate_limit.h"

#define BURST_LEAST 131072 /* two of the largest packets at once, however small the rate is: as in netback */

void rate_limit_set(struct rate_limit *r, uint64_t bytes, uint64_t interval_us, uint64_t now_us)
{
    bool limited = bytes && interval_us;
    r->bytes = limited ? bytes : 0;
    r->interval_us = limited ? interval_us : 0;
    r->most = bytes > BURST_LEAST ? (bytes > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)bytes) : BURST_LEAST;
    r->credit = r->most;
    r->filled_us = now_us;
}

uint64_t rate_limit_wait(struct rate_limit *r, uint64_t now_us)
{
    if (!r->bytes)
        return 0;
    __int128 gained = (__int128)(now_us - r->filled_us) * r->bytes / r->interval_us;
    /* Time that gained less than a byte is kept. */
    if (gained > 0) {
        __int128 credit = r->credit + gained;
        r->credit = credit > r->most ? r->most : (int64_t)credit;
        r->filled_us = now_us;
    }
    if (r->credit > 0)
        return 0;
    return (uint64_t)(((unsigned __int128)(1 - r->credit) * r->interval_us + r->bytes - 1) / r->bytes);
}
