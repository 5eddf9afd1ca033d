/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gives memory for a new guest: arithmetic on what the host and its domains have. The same numbers decide a create
 * and are printed by "hvctl mem plan". Pure; all amounts in KiB.
 *
 * Free memory comes first; of what is short then, dom0 gives down to its floor, and guests, if they may be asked, down
 * to the minimum that each one stated: in proportion to what they have above it, so that no one pays alone. A guest
 * that stated no minimum is never asked.
 *
 * Memory is on its way while a domain has more than its target: it counts as given already, so that two creates that
 * wait at the same time do not ask for the same memory twice.
 */
#ifndef HAVEN_GUEST_MEMORY_PLAN_H
#define HAVEN_GUEST_MEMORY_PLAN_H

#include "config/memory_from.h"
#include <stdbool.h>
#include <stdint.h>

struct memory_domain {
    unsigned id;
    char name[64];
    uint64_t current, target, max;
    uint64_t min;   /* what it can be taken down to; meaningless unless has_min */
    bool has_min;   /* dom0 always has one */
    bool stuck;     /* does not deflate: nothing more is taken, and nothing comes */
    uint64_t taken; /* of it by the plan */
};

struct memory_host {
    uint64_t total;
    uint64_t free; /* and not claimed */
    uint64_t claimed;
    uint64_t ending; /* of dying domains, free as soon as nobody maps it any more */
};

/* What it has above its minimum and could be asked for. */
uint64_t memory_plan_surplus(const struct memory_domain *d, enum memory_from from);

/* What domains have above their targets and are about to give. */
uint64_t memory_plan_coming(const struct memory_domain *d, unsigned count);

/*
 * What is to be taken so that 'need' is free: adds to d[].taken and lowers d[].target. Returns what is short then, 0 if
 * it fits; if something is short nothing is taken.
 */
uint64_t memory_plan_take(const struct memory_host *host, struct memory_domain *d, unsigned count,
                          enum memory_from from, uint64_t need);

#endif
