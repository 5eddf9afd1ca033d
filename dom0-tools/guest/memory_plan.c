/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See memory_plan.h. */
#include "guest/memory_plan.h"

#define UNIT 1024u /* KiB: whole MiB are taken, where there are */

uint64_t memory_plan_surplus(const struct memory_domain *d, enum memory_from from)
{
    bool asked = d->id == 0 ? from != MEMORY_FROM_FREE : from == MEMORY_FROM_GUESTS;
    uint64_t has =
        d->target < d->current ? d->target : d->current; /* what it was promised but never got is not there */

    return asked && d->has_min && !d->stuck && has > d->min ? has - d->min : 0;
}

uint64_t memory_plan_coming(const struct memory_domain *d, unsigned count)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < count; i++)
        if (!d[i].stuck && d[i].current > d[i].target)
            sum += d[i].current - d[i].target;
    return sum;
}

static void take(struct memory_domain *d, uint64_t kib)
{
    uint64_t has = d->target < d->current ? d->target : d->current;

    d->target = has - kib;
    d->taken += kib;
}

/* Rounded up to whole units, but no more than there is. */
static uint64_t portion(uint64_t kib, uint64_t most)
{
    kib = (kib + UNIT - 1) / UNIT * UNIT;
    return kib < most ? kib : most;
}

/* left * part / whole, for amounts whose product may need more than 64 bits. */
static uint64_t share(uint64_t left, uint64_t part, uint64_t whole)
{
    return (uint64_t)((unsigned __int128)left * part / whole);
}

static void take_from_guests(struct memory_domain *d, unsigned count, uint64_t left, uint64_t surplus)
{
    for (unsigned i = 0; i < count && left; i++) {
        uint64_t own = d[i].id ? memory_plan_surplus(&d[i], MEMORY_FROM_GUESTS) : 0;
        if (!own)
            continue;
        uint64_t kib = portion(share(left, own, surplus), own); /* the last one's share is all that is left */
        if (kib > left)
            kib = portion(left, own);
        take(&d[i], kib);
        surplus -= own;
        left -= kib < left ? kib : left;
    }
}

uint64_t memory_plan_take(const struct memory_host *host, struct memory_domain *d, unsigned count,
                          enum memory_from from, uint64_t need)
{
    uint64_t there = host->free + memory_plan_coming(d, count), of_guests = 0, of_dom0 = 0;
    unsigned dom0 = count;

    if (need <= there)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t own = memory_plan_surplus(&d[i], from);
        if (d[i].id == 0) {
            dom0 = i;
            of_dom0 = own;
        } else {
            of_guests += own;
        }
    }
    uint64_t left = need - there;
    if (left > of_dom0 + of_guests)
        return left - of_dom0 - of_guests;
    if (of_dom0) {
        uint64_t kib = portion(left, of_dom0);
        take(&d[dom0], kib);
        left -= kib < left ? kib : left;
    }
    take_from_guests(d, count, left, of_guests);
    return 0;
}
