/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling: what is set up once per machine, CPU, domain or vCPU; parameters; the picture for debug keys. */
#include "irq/irq.h"
#include "irq/softirq.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "mm/heap.h"
#include "platform/console.h"
#include "sched/runqueue.h"
#include "sched/sched.h"
#include "time/clock.h"

struct runqueue runqueues[CPU_MAX];

static void raise_timer_softirq(unsigned int cpu)
{
    softirq_raise_on(cpu, SOFTIRQ_TIMER);
}

static void run_on_all(void (*fn)(void *), void *arg)
{
    irq_call_on(cpu_online, fn, arg);
}

static const struct debug_key debug_keys[] = {
    {'r', "run queues", sched_dump},
    {'a', "timers", timer_dump},
};

void __init sched_init(void)
{
    for (unsigned int cpu = 0; cpu < CPU_MAX; cpu++) {
        struct runqueue *rq = &runqueues[cpu];

        spin_init(&rq->lock, LOCK_LEVEL_RUNQUEUE);
        policy_queue_init(&rq->queue);
        timer_init(&rq->timer, sched_look_expired, rq, cpu);
        rq->look_at = ~0ULL;
        rq->cpu = cpu;
    }
    softirq_register(SOFTIRQ_SCHEDULE, sched_softirq);
    softirq_register(SOFTIRQ_TIMER, timer_softirq);
    timer_raise_softirq = raise_timer_softirq;
    clock_run_on_all = run_on_all;
    for (unsigned int i = 0; i < ARRAY_SIZE(debug_keys); i++)
        debug_key_register(&debug_keys[i]);
    vcpu_wake_hook = sched_wake;
    vcpu_sleep_hook = sched_sleep;
    vcpu_sleep_sync_hook = sched_sleep_sync;
}

struct vcpu *__init sched_idle_vcpu(unsigned int cpu)
{
    struct cpu_local *l = cpu_local_of(cpu);
    struct vcpu *v = l->idle;

    if (v)
        return v;
    v = heap_alloc(sizeof(*v));
    if (!v)
        panic("no memory for the idle vCPU of CPU %u", cpu);
    v->id = (int)cpu;
    v->domain = &idle_domain;
    v->is_idle = true;
    v->processor = cpu;
    v->hard_affinity = v->soft_affinity = CPUMASK(cpu);
    v->runstate.state = RUNSTATE_running;
    l->idle = v;
    return v;
}

void __init sched_init_cpu(void)
{
    struct vcpu *v = sched_idle_vcpu(cpu_id());

    current = v;
    v->running = true;
    v->runstate.state_entry_time = clock_now();
    __atomic_fetch_or(&sched_idle_cpus, CPUMASK(cpu_id()), __ATOMIC_SEQ_CST);
}

int sched_vcpu_init(struct vcpu *v, unsigned int cpu)
{
    struct vcpu_unit *u = heap_alloc(sizeof(*u));

    if (!u)
        return -ENOMEM;
    ASSERT(cpu < CPU_MAX);
    u->vcpu = v;
    policy_unit_init(&u->unit, v->domain->sched, &runqueues[cpu].queue);
    v->sched = &u->unit;
    v->processor = cpu;
    v->hard_affinity = v->soft_affinity = ~0ULL;
    v->runstate.state = RUNSTATE_offline;
    v->runstate.state_entry_time = clock_now();
    return 0;
}

void sched_vcpu_free(struct vcpu *v)
{
    if (v->sched) {
        ASSERT(!v->running && !v->in_transit && !v->sched->waiting);
        heap_free((struct vcpu_unit *)v->sched);
    }
    v->sched = NULL;
}

int sched_domain_init(struct domain *d)
{
    d->sched = heap_alloc(sizeof(*d->sched));
    if (!d->sched)
        return -ENOMEM;
    d->sched->weight = POLICY_WEIGHT_DEFAULT;
    return 0;
}

void sched_domain_free(struct domain *d)
{
    heap_free(d->sched);
    d->sched = NULL;
}

/* Charges all that run until now. Returns the CPUs on which the domain runs. */
static cpumask_t charge_all(const struct domain *d)
{
    cpumask_t running = 0;
    unsigned int cpu;

    cpu_for_each (cpu) {
        struct runqueue *rq = &runqueues[cpu];
        uint64_t flags = spin_lock_irq(&rq->lock);

        policy_charge(&rq->queue, clock_now());
        if (rq->queue.running && rq->queue.running->domain == d->sched)
            running |= CPUMASK(cpu);
        spin_unlock_irq(&rq->lock, flags);
    }
    return running;
}

/*
 * What ran until now ran under the old parameters. Then those that run look again: alone on its CPU and without a cap,
 * a vCPU runs without an end, and no timer would tell when the new cap is reached.
 */
int sched_set_params(struct domain *d, uint16_t weight, uint16_t cap)
{
    cpumask_t running;
    unsigned int cpu;

    if (!weight)
        return -EINVAL;
    charge_all(d);
    WRITE_ONCE(d->sched->weight, weight);
    WRITE_ONCE(d->sched->cap, cap);
    running = charge_all(d);
    cpu_for_each_in (cpu, running)
        softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
    return 0;
}

void sched_get_params(struct domain *d, uint16_t *weight, uint16_t *cap)
{
    *weight = READ_ONCE(d->sched->weight);
    *cap = READ_ONCE(d->sched->cap);
}

void sched_dump(void)
{
    unsigned int cpu;

    log_info("run queues: idle CPUs %lx, time %lu ns", READ_ONCE(sched_idle_cpus), clock_now());
    cpu_for_each (cpu) {
        struct runqueue *rq = &runqueues[cpu];
        uint64_t flags = spin_lock_irq(&rq->lock);
        struct sched_unit *u = rq->queue.running;

        log_info("CPU%u: virtual time %lu, %u waiting", cpu, rq->queue.vtime, rq->queue.count);
        if (u)
            log_info("  runs  d%uv%d vtime %lu", unit_vcpu(u)->domain->id, unit_vcpu(u)->id, u->vtime);
        list_for_each_entry (u, &rq->queue.waiting, link)
            log_info("  waits d%uv%d vtime %lu", unit_vcpu(u)->domain->id, unit_vcpu(u)->id, u->vtime);
        spin_unlock_irq(&rq->lock, flags);
    }
}
