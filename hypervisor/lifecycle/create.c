/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making domains: the parts' table does the work (parts.h). */
#include "lifecycle/create.h"
#include "guest/clock.h"
#include "guest/pv/ops.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lifecycle/parts.h"
#include "mm/heap.h"
#include "sched/sched.h"
#include "time/clock.h"
#include <xen/sched.h>

static void watchdog_expired(void *arg)
{
    struct domain *d = arg;

    log_warning("d%u: watchdog expired", d->id);
    domain_shutdown(d, SHUTDOWN_watchdog);
}

static void domain_set_up(struct domain *d, const struct domain_config *c)
{
    d->id = c->id;
    d->privileged = c->privileged;
    d->ops = &pv_guest_ops;
    d->refs = 1;
    d->max_vcpus = c->max_vcpus;
    d->shutdown_code = ~0u;
    d->pause_count = 1;
    d->created = clock_now();
    d->maximum_reservation = ~0ULL;
    memcpy(d->handle, c->handle, sizeof(d->handle));
    list_init(&d->link);
    spin_init(&d->lock, LOCK_LEVEL_DOMAIN);
    spin_init(&d->page_table_lock, LOCK_LEVEL_PAGE_TABLE);
    for (unsigned int i = 0; i < DOMAIN_WATCHDOGS; i++)
        timer_init(&d->watchdog[i].timer, watchdog_expired, d, cpu_id());
}

struct domain *domain_create(const struct domain_config *c, int *error)
{
    struct domain *d;

    *error = -EINVAL;
    if (!c->max_vcpus || c->max_vcpus > DOMAIN_VCPUS_MAX || c->id >= DOMID_FIRST_RESERVED)
        return NULL;
    *error = -ENOMEM;
    d = heap_alloc(sizeof(*d));
    if (!d)
        return NULL;
    domain_set_up(d, c);
    *error = parts_init(d, c);
    if (*error) {
        heap_free(d);
        return NULL;
    }
    guest_clock_publish_wall(d);
    *error = domain_list_add(d);
    if (*error) {
        parts_free(d);
        heap_free(d);
        return NULL;
    }
    if (d->id == 0)
        domain0 = d;
    domain_put(d); /* from here on the list's reference keeps it */
    return d;
}
