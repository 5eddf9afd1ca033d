/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arithmetic of PV clocks (pure): a frequency as (mul, shift), so that ns = ((ticks << shift) * mul) >> 32. mul is
 * kept in [2^31, 2^32) for the most digits.
 */
#include "lib/compiler.h"
#include "time/clock.h"

#define NS_PER_SEC 1000000000ULL

struct clock_scale __init clock_scale_for(uint64_t hz)
{
    struct clock_scale s = {0, 0};
    uint64_t ns = NS_PER_SEC;

    if (!hz)
        return s;
    /* ns / hz into [1/2, 1), so that ns * 2^32 / hz fits 32 bits and uses them all. */
    while (ns >= hz) {
        hz <<= 1;
        s.shift++;
    }
    while (2 * ns < hz) {
        ns <<= 1;
        s.shift--;
    }
    /* Rounded down: a guest's clock must not run ahead of ours. ns < 2^63 / 2^32 does not hold for large hz: in steps.
     */
    for (unsigned int bit = 0; bit < 32; bit++) {
        ns <<= 1;
        s.mul <<= 1;
        if (ns >= hz) {
            ns -= hz;
            s.mul |= 1;
        }
    }
    return s;
}

uint64_t clock_scale_apply(struct clock_scale s, uint64_t tsc_delta)
{
    if (s.shift < 0)
        tsc_delta >>= -s.shift;
    else
        tsc_delta <<= s.shift;
    return (uint64_t)((unsigned __int128)tsc_delta * s.mul >> 32);
}
