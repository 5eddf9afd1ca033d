/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of a domain's parts: see parts.h. */
#include "lifecycle/parts.h"
#include "event/channel.h"
#include "event/pirq.h"
#include "grant/map.h"
#include "grant/table.h"
#include "guest/info_pages.h"
#include "guest/pv/cpu_policy.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lifecycle/reservation.h"
#include "lifecycle/rights.h"
#include "lifecycle/vcpu_create.h"
#include "sched/sched.h"

struct domain_part {
    const char *name;
    int (*init)(struct domain *d, const struct domain_config *c);
    int (*relinquish)(struct domain *d);
    void (*free)(struct domain *d);
};

static int memory_init(struct domain *d, const struct domain_config *c)
{
    reservation_domain_init(d);
    return reservation_set_max(d, c->max_pages);
}

static int rights_init(struct domain *d, const struct domain_config *c)
{
    return c->privileged ? rights_grant_machine(d) : 0;
}

static int info_pages_init(struct domain *d, const struct domain_config *c)
{
    (void)c;
    return info_pages_domain_init(d);
}

static int sched_init_part(struct domain *d, const struct domain_config *c)
{
    (void)c;
    return sched_domain_init(d);
}

static int events_init(struct domain *d, const struct domain_config *c)
{
    return event_domain_init(d, c->max_event_port);
}

static int events_relinquish(struct domain *d)
{
    event_domain_close_all(d);
    return 0;
}

static int grants_init(struct domain *d, const struct domain_config *c)
{
    return grant_domain_init(d, c->max_grant_frames, c->max_maptrack_frames);
}

static int pirqs_init(struct domain *d, const struct domain_config *c)
{
    return pirq_domain_init(d, c->pirqs);
}

static int kind_relinquish(struct domain *d)
{
    return d->ops->relinquish(d);
}

/*
 * Giving up goes from the end: first what keeps the CPU state and page tables (kind), then mappings of others' grants,
 * events; then where events were written (vcpu_info), and the memory last, when nothing of the domain's own refers to
 * it any more.
 */
static const struct domain_part parts[] = {
    {"memory", memory_init, reservation_relinquish, NULL},
    {"rights", rights_init, NULL, NULL},
    {"information pages", info_pages_init, NULL, info_pages_domain_free},
    {"scheduling", sched_init_part, NULL, sched_domain_free},
    {"vcpu_info", NULL, vcpu_relinquish_all, NULL},
    {"events", events_init, events_relinquish, event_domain_free},
    {"interrupts", pirqs_init, pirq_domain_relinquish, pirq_domain_free},
    {"grants", grants_init, grant_domain_release_maps, grant_domain_free},
    {"guest kind", NULL, kind_relinquish, cpu_policy_free},
    {"vCPUs", NULL, NULL, vcpu_free_all},
};

int parts_init(struct domain *d, const struct domain_config *c)
{
    d->parts_left = ARRAY_SIZE(parts);
    for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++) {
        int error = parts[i].init ? parts[i].init(d, c) : 0;

        if (!error)
            continue;
        log_warning("d%u: no %s (error %d)", c->id, parts[i].name, error);
        while (i--)
            if (parts[i].free)
                parts[i].free(d);
        return error;
    }
    return 0;
}

int parts_relinquish(struct domain *d)
{
    for (; d->parts_left; d->parts_left--) {
        const struct domain_part *p = &parts[d->parts_left - 1];
        int error = p->relinquish ? p->relinquish(d) : 0;

        if (error)
            return error;
    }
    return 0;
}

void parts_free(struct domain *d)
{
    for (unsigned int i = ARRAY_SIZE(parts); i--;)
        if (parts[i].free)
            parts[i].free(d);
}
