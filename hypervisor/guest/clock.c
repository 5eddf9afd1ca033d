/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests' time. The parameters that turn a TSC value into system time are constant after boot (time/clock.h), so each
 * place that a guest reads them from is written once, when it comes into being, and not at every switch. Writers follow
 * the ABI's protocol all the same: version odd, fields, version even.
 */
#include "guest/clock.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"
#include "time/clock.h"

_Static_assert(sizeof(struct vcpu_time_info) == 32, "public ABI: xen/xen.h");

static void time_info_fill(struct vcpu_time_info *t)
{
    t->tsc_timestamp = clock_state.base_tsc;
    t->system_time = clock_state.base_ns;
    t->tsc_to_system_mul = clock_state.scale.mul;
    t->tsc_shift = clock_state.scale.shift;
    t->flags = clock_state.stable ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
}

void guest_clock_publish(struct vcpu *v)
{
    struct vcpu_time_info *t = &v->info->time;
    uint32_t version;

    if (v->time_version)
        return;
    version = (t->version | 1) + 2;
    WRITE_ONCE(t->version, version);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    time_info_fill(t);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    WRITE_ONCE(t->version, version + 1);
    v->time_version = version + 1;
}

/* Constant after boot, so the area is written once and forgotten. It is in the address space of the caller, who is the
 * vCPU itself or another of its domain. */
int guest_clock_register_area(uint64_t va)
{
    struct vcpu_time_info t = {.version = 2};

    if (va) {
        time_info_fill(&t);
        if (guest_copy_out(va, &t, sizeof(t)))
            return -EFAULT;
    }
    return 0;
}

void guest_clock_publish_wall(struct domain *d)
{
    shared_info_t *s = d->shared_info;
    uint64_t sec;
    uint32_t nsec, version;

    spin_lock(&d->lock);
    clock_wall_get(&sec, &nsec);
    sec += (uint64_t)d->time_offset_seconds;
    version = s->wc_version | 1;
    WRITE_ONCE(s->wc_version, version);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    s->wc_sec = (uint32_t)sec;
    s->wc_sec_hi = (uint32_t)(sec >> 32);
    s->wc_nsec = nsec;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    WRITE_ONCE(s->wc_version, version + 1);
    spin_unlock(&d->lock);
}

static void wall_changed(void)
{
    struct domain *d;

    for (domid_t next = 0; (d = domain_next(next)) != NULL;) {
        next = (domid_t)(d->id + 1);
        guest_clock_publish_wall(d);
        domain_put(d);
    }
}

void __init guest_clock_init(void)
{
    clock_wall_changed = wall_changed;
}
