/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See pace.h. */
#include "xenstore/pace.h"

#include <stddef.h>
#include <sys/resource.h>

#define EAGER_BY 5 /* steps of nice: three times the weight of an ordinary process */

bool pace_note(struct pace *pace, const void *alone)
{
    bool again = alone && alone == pace->last;

    pace->last = alone;
    if (again == pace->eager) {
        pace->streak = 0;
        return false;
    }
    if (++pace->streak < PACE_STREAK)
        return false;
    pace->eager = again;
    pace->streak = 0;
    return true;
}

void pace_apply(const struct pace *pace)
{
    static bool started, refused;
    static int ordinary; /* what the server was started with */

    if (!started)
        ordinary = getpriority(PRIO_PROCESS, 0);
    started = true;
    if (!refused)
        refused = setpriority(PRIO_PROCESS, 0, ordinary - (pace->eager ? EAGER_BY : 0));
}
