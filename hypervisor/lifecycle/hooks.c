/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that go upwards: the lower layers' pointers are set here, in one place. And the debug keys that show domains.
 */
#include "lifecycle/hooks.h"
#include "domain/vcpu.h"
#include "event/channel.h"
#include "grant/table.h"
#include "guest/clock.h"
#include "guest/pv/page_type.h"
#include "irq/softirq.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "lifecycle/destroy.h"
#include "lifecycle/vcpu_timer.h"
#include "platform/console.h"
#include "sched/sched.h"

static void for_each_domain(void (*fn)(struct domain *d))
{
    struct domain *d;

    for (domid_t next = 0; (d = domain_next(next)) != NULL;) {
        next = (domid_t)(d->id + 1);
        fn(d);
        domain_put(d);
    }
}

static void vcpu_show(struct vcpu *v)
{
    vcpu_runstate_info_t r;

    sched_runstate_get(v, &r);
    log_info("  v%d on CPU%u%s flags %#x paused %u upcall %u/%u sel %#lx, switched in %lu times", v->id, v->processor,
             v->running ? " running" : "", v->pause_flags, v->pause_count, v->info->evtchn_upcall_pending,
             v->info->evtchn_upcall_mask, v->info->evtchn_pending_sel, v->switches);
    log_info("    ms running %lu runnable %lu blocked %lu offline %lu", r.time[0] / 1000000, r.time[1] / 1000000,
             r.time[2] / 1000000, r.time[3] / 1000000);
}

static void domain_show(struct domain *d)
{
    struct vcpu *v;

    log_info("d%u%s: refs %u pages %lu of %lu paused %u%s code %#x dirty CPUs %#lx assists %#lx", d->id,
             d->privileged ? " privileged" : "", d->refs, d->tot_pages, d->max_pages, d->pause_count,
             d->dying ? " dying" : "", d->shutdown_code, d->dirty_cpus, d->vm_assist);
    vcpu_for_each (d, v)
        vcpu_show(v);
}

static void show_domains(void)
{
    for_each_domain(domain_show);
}

static void show_events(void)
{
    for_each_domain(event_dump);
}

static void show_grants(void)
{
    for_each_domain(grant_dump);
}

static void show_page_types(void)
{
    for_each_domain(page_type_dump);
}

static const struct debug_key debug_keys[] = {
    {'q', "domains and vCPUs", show_domains},
    {'e', "event channels", show_events},
    {'g', "grant tables", show_grants},
    {'m', "frame types", show_page_types},
};

void __init hooks_set(void)
{
    domain_freed = domain_free;
    softirq_register(SOFTIRQ_DOMAIN_END, destroy_softirq);
    sched_periodic = vcpu_timer_periodic_switch;
    domain_send_global_virq = event_send_global_virq;
    guest_clock_init();
    for (unsigned int i = 0; i < ARRAY_SIZE(debug_keys); i++)
        debug_key_register(&debug_keys[i]);
}
