/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to domains between two looks at the list of all. Pure: two sorted lists in, events out. A domain id
 * that stands for another domain than before (its UUID differs, and its shared page) has ended and another one has
 * come. If only the UUID differs, hvd keeps the dead domain and makes the guest again.
 */
#ifndef HAVEN_HVCTL_DOMAIN_LIFE_H
#define HAVEN_HVCTL_DOMAIN_LIFE_H

#include "libhv/domain.h"

enum domain_event {
    DOMAIN_CREATED,
    DOMAIN_PAUSED,
    DOMAIN_UNPAUSED,
    DOMAIN_SHUTDOWN,
    DOMAIN_DYING,
    DOMAIN_DESTROYED,
    DOMAIN_RENAMED
};

const char *domain_event_name(enum domain_event event);

/* Calls tell for each event, per domain in the order in which they must have happened. info is the domain as it is now;
 * for DOMAIN_DESTROYED as it was. */
void domain_life_compare(const domain_info *old, int old_count, const domain_info *now, int now_count,
                         void (*tell)(void *context, enum domain_event event, const domain_info *info), void *context);

#endif
