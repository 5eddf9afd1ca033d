/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unmaking domains.
 *
 *   alive --destroy--> dying: vCPUs stand still, parts give up what they hold, step by step
 *                        --all given up--> dead --no frame left that others map--> off the list --last reference-->
 * freed
 *
 * dom0 hears VIRQ_DOM_EXC when the domain is dead, and when it is off the list. The last frame and the last reference
 * may go anywhere, under any lock; so what follows waits for a softirq, whose handler holds none.
 */
#include "lifecycle/destroy.h"
#include "domain/vcpu.h"
#include "irq/softirq.h"
#include "lib/assert.h"
#include "lifecycle/create.h"
#include "lifecycle/parts.h"
#include "lifecycle/reservation.h"
#include "mm/heap.h"

static struct domain *freed; /* a stack by next_freed; atomic */

/* From here on none of its vCPUs ever runs again: the pause count taken is never given back. */
static void domain_stop_for_good(struct domain *d)
{
    domain_pause_sync(d);
    for (unsigned int i = 0; i < DOMAIN_WATCHDOGS; i++)
        timer_kill(&d->watchdog[i].timer);
}

static void unlist(struct domain *d)
{
    domain_list_remove(d);
    domain_send_global_virq(VIRQ_DOM_EXC);
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
    if (reservation_set_dead(d))
        unlist(d);
    else
        domain_send_global_virq(VIRQ_DOM_EXC);
    return 0;
}

void domain_free(struct domain *d)
{
    d->next_freed = __atomic_load_n(&freed, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&freed, &d->next_freed, d, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
    softirq_raise(SOFTIRQ_DOMAIN_END);
}

static void unlist_ended(void)
{
    struct domain *d;

    for (domid_t next = 0; (d = domain_next(next)) != NULL; domain_put(d)) {
        next = (domid_t)(d->id + 1);
        spin_lock(&d->pages_lock);
        bool ended = d->dying == DOMAIN_DEAD && !d->pages.count;
        spin_unlock(&d->pages_lock);
        if (ended)
            unlist(d);
    }
}

void destroy_softirq(void)
{
    unlist_ended();
    for (struct domain *d = __atomic_exchange_n(&freed, NULL, __ATOMIC_ACQUIRE), *next; d; d = next) {
        next = d->next_freed;
        parts_free(d);
        heap_free(d);
    }
}
