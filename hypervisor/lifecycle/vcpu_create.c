/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making and freeing vCPUs. A vCPU is complete before d->vcpu names it, because others find it there without a lock. */
#include "lifecycle/vcpu_create.h"
#include "guest/clock.h"
#include "guest/info_pages.h"
#include "lib/assert.h"
#include "lifecycle/create.h"
#include "lifecycle/vcpu_timer.h"
#include "mm/heap.h"
#include "sched/sched.h"

int vcpu_relinquish_all(struct domain *d)
{
    struct vcpu *v;

    vcpu_for_each (d, v)
        info_pages_unregister(v);
    return 0;
}

static void vcpu_free(struct vcpu *v)
{
    vcpu_timer_kill(v);
    v->domain->ops->vcpu_free(v);
    sched_vcpu_free(v);
    info_pages_unregister(v);
    heap_free(v);
}

void vcpu_free_all(struct domain *d)
{
    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        if (d->vcpu[i])
            vcpu_free(d->vcpu[i]);
        d->vcpu[i] = NULL;
    }
}

struct vcpu *vcpu_create(struct domain *d, unsigned int id, unsigned int cpu)
{
    struct vcpu *v;

    if (id >= d->max_vcpus || d->vcpu[id])
        return NULL;
    v = heap_alloc(sizeof(*v));
    if (!v)
        return NULL;
    v->id = (int)id;
    v->domain = d;
    v->pause_flags = VCPU_DOWN;
    v->info_mfn = MFN_INVALID;
    if (sched_vcpu_init(v, cpu)) {
        heap_free(v);
        return NULL;
    }
    if (d->ops->vcpu_init(v)) {
        sched_vcpu_free(v);
        heap_free(v);
        return NULL;
    }
    vcpu_timer_init(v, cpu);
    info_pages_vcpu_init(v);
    guest_clock_publish(v);

    spin_lock(&d->lock);
    ASSERT(!d->vcpu[id]);
    v->pause_count = d->pause_count;
    if (d->shut_down)
        v->pause_flags |= VCPU_SHUT_DOWN;
    __atomic_store_n(&d->vcpu[id], v, __ATOMIC_RELEASE);
    spin_unlock(&d->lock);
    return v;
}
