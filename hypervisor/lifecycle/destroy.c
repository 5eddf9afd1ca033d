/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unmaking domains.
 *
 *   alive --destroy--> dying: vCPUs stand still, parts give up what they hold, step by step
 *                        --all given up--> dead: off the list --last reference--> freed
 *
 * Frames that others still map are no longer the domain's by then (reservation.c).
 */
#include "lifecycle/destroy.h"
#include "domain/vcpu.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lifecycle/create.h"
#include "lifecycle/parts.h"
#include "mm/heap.h"
#include "sched/sched.h"
#include <xen/sched.h>

static void watchdogs_kill(struct domain *d)
{
    for (unsigned int i = 0; i < DOMAIN_WATCHDOGS; i++)
        timer_kill(&d->watchdog[i].timer);
}

/* From here on none of its vCPUs ever runs again: the pause count taken is never given back. */
static void domain_stop_for_good(struct domain *d)
{
    domain_pause_sync(d);
    watchdogs_kill(d);
    if (d->shutdown_code == ~0u)
        d->shutdown_code = SHUTDOWN_crash;
}

int domain_destroy(struct domain *d)
{
    bool first;
    int error;

    ASSERT(d != current->domain && !domain_is_dom0(d));
    spin_lock(&d->lock);
    first = d->dying == DOMAIN_ALIVE;
    if (first)
        d->dying = DOMAIN_DYING;
    spin_unlock(&d->lock);
    if (d->dying == DOMAIN_DEAD)
        return 0;
    if (first)
        domain_stop_for_good(d);

    error = parts_relinquish(d);
    if (error)
        return error;
    d->dying = DOMAIN_DEAD;
    domain_list_remove(d);
    if (domain_send_global_virq)
        domain_send_global_virq(VIRQ_DOM_EXC);
    return 0;
}

void domain_free(struct domain *d)
{
    parts_free(d);
    heap_free(d);
}
