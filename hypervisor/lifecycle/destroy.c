/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unmaking domains.
 *
 *   alive --destroy--> dying: vCPUs stand still, parts give up what they hold, step by step
 *                        --all given up--> dead: nobody gets a new reference by its id
 *                                            --no frames left--> off the list --last reference--> freed
 *
 * A dead domain whose frames others still map stays on the list, where their release finds it (reservation.c).
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

/* The last of its frames that others still used has come back. The caller holds a reference. */
void domain_emptied(struct domain *d)
{
    if (READ_ONCE(d->dying) == DOMAIN_DEAD)
        domain_list_remove(d);
}

/* It leaves the list when it has no frames: now, or by domain_emptied. The lock decides which of the two sees the end.
 */
static void mark_dead(struct domain *d)
{
    bool empty;

    spin_lock(&d->pages_lock);
    WRITE_ONCE(d->dying, DOMAIN_DEAD);
    empty = d->tot_pages == 0;
    spin_unlock(&d->pages_lock);
    if (empty)
        domain_list_remove(d);
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
    mark_dead(d);
    if (domain_send_global_virq)
        domain_send_global_virq(VIRQ_DOM_EXC);
    return 0;
}

void domain_free(struct domain *d)
{
    parts_free(d);
    heap_free(d);
}
