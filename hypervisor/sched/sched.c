/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduling mechanism: see sched.h for the doors and policy.h for who is next.
 *
 * Each CPU has a run queue. A vCPU belongs to the queue of v->processor, whose lock guards v->processor, v->sched, the
 * run state, and the decision whether it waits, runs or does neither. Facts about a vCPU:
 *
 *   runnable   pause flags and count are zero (changed atomically by anybody, then told to us by wake or sleep)
 *   waiting    on the list of its queue
 *   chosen     queue.running: the CPU runs it, or is about to
 *   v->running its registers and tables are on a CPU; cleared by that CPU when all is saved
 *
 * A change of runnable is always followed by a look under the lock (sched_wake, sched_sleep), and a CPU looks again
 * before it lets go of a vCPU; so a wake-up that races with blocking is seen by one of the two. A vCPU whose registers
 * are still on their way out (v->running, no longer chosen) may be queued again, but only on that same CPU: so nobody
 * loads registers that are not saved yet.
 *
 * Between leaving one place and reaching the next (stolen from a queue, or switched out and to be woken elsewhere) a
 * vCPU is nowhere to be found, but in some CPU's hands: v->in_transit says so, and sched_sleep_sync, which precedes its
 * end, waits for that too.
 *
 * The switch itself (sched_switch_context) happens in SOFTIRQ_SCHEDULE on the main stack with interrupts off: nothing
 * of the old vCPU is on the stack, so there is no stack to switch.
 *
 * A CPU that has more to run than itself nudges an idle one, and a CPU that becomes idle first says so
 * (sched_idle_cpus), then looks at the others' queues. With both sides ordered by full barriers, work and idle CPU
 * cannot miss each other.
 */
#include "sched/sched.h"
#include "cpu/x86.h"
#include "irq/softirq.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "mm/hv_map.h"
#include "mm/tlb.h"
#include "platform/lapic.h"
#include "sched/policy.h"
#include "sched/runqueue.h"
#include "sched/runstate.h"
#include "time/clock.h"

void (*sched_periodic)(struct vcpu *v, bool runs);

cpumask_t sched_idle_cpus; /* atomic */

struct runqueue *runqueue_lock(struct vcpu *v, uint64_t *flags)
{
    for (;;) {
        unsigned int cpu = READ_ONCE(v->processor);
        struct runqueue *rq = &runqueues[cpu];

        *flags = spin_lock_irq(&rq->lock);
        if (likely(v->processor == cpu))
            return rq;
        spin_unlock_irq(&rq->lock, *flags);
    }
}

static bool is_chosen(const struct runqueue *rq, const struct vcpu *v)
{
    return rq->queue.running == v->sched;
}

/*
 * Asks a CPU to choose again. An idle CPU that is asked is not idle for others. No queue's lock is held: the command to
 * the local APIC may take long, and the first that the other CPU does is to take its queue's lock. If that CPU has seen
 * by itself what it is asked to look at, it looks once in vain.
 */
static void nudge(unsigned int cpu)
{
    __atomic_fetch_and(&sched_idle_cpus, ~CPUMASK(cpu), __ATOMIC_SEQ_CST);
    softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
}

/* Where a vCPU should go: an idle CPU, best the one it was on; else where it was; else the shortest queue. */
static unsigned int choose_cpu(const struct vcpu *v)
{
    cpumask_t allowed = v->hard_affinity & cpu_online, idle;
    unsigned int cpu, best = v->processor, shortest = ~0u;

    if (!allowed)
        allowed = cpu_online;
    idle = __atomic_load_n(&sched_idle_cpus, __ATOMIC_SEQ_CST) & allowed;
    if (idle) {
        if (idle & CPUMASK(v->processor))
            return v->processor;
        return bits_lowest(idle & v->soft_affinity ? idle & v->soft_affinity : idle);
    }
    if (allowed & CPUMASK(v->processor))
        return v->processor;
    cpu_for_each_in (cpu, allowed) {
        unsigned int count = READ_ONCE(runqueues[cpu].queue.count);

        if (count < shortest) {
            shortest = count;
            best = cpu;
        }
    }
    return best;
}

/* The queue's timer says when to look again; it may fire early (then it is set again), never late. */
static void arm_look(struct runqueue *rq, uint64_t now)
{
    uint64_t at = policy_next_look(&rq->queue, now);

    if (at >= rq->look_at)
        return;
    rq->look_at = at;
    timer_set(&rq->timer, at);
}

void sched_look_expired(void *arg)
{
    struct runqueue *rq = arg;
    uint64_t flags = spin_lock_irq(&rq->lock), now = clock_now();
    bool switch_now;

    rq->look_at = ~0ULL;
    policy_charge(&rq->queue, now);
    switch_now = policy_must_switch(&rq->queue, now);
    if (!switch_now)
        arm_look(rq, now);
    spin_unlock_irq(&rq->lock, flags);
    if (switch_now)
        softirq_raise(SOFTIRQ_SCHEDULE);
}

/* Queue locked; v is runnable, not waiting and not chosen. True: the CPU is to be nudged after unlocking. */
static bool enqueue(struct runqueue *rq, struct vcpu *v)
{
    uint64_t now = clock_now();

    runstate_change(v, RUNSTATE_runnable, now);
    policy_charge(&rq->queue, now); /* first: the newcomer starts at the queue's time of now */
    policy_enqueue(&rq->queue, v->sched);
    if (current->domain == v->domain && is_chosen(rq, current))
        policy_hold(&rq->queue, now);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!rq->queue.running || policy_must_switch(&rq->queue, now))
        return true;
    arm_look(rq, now);
    return false;
}

void sched_wake(struct vcpu *v)
{
    unsigned int cpu = choose_cpu(v);
    struct runqueue *rq;
    bool choose_again = false;
    uint64_t flags;

    for (;;) {
        rq = runqueue_lock(v, &flags);
        if (!vcpu_runnable(v) || v->sched->waiting || is_chosen(rq, v))
            break;
        if (v->processor == cpu || __atomic_load_n(&v->running, __ATOMIC_ACQUIRE)) {
            choose_again = enqueue(rq, v);
            break;
        }
        WRITE_ONCE(v->processor, cpu);
        spin_unlock_irq(&rq->lock, flags);
    }
    if (!vcpu_runnable(v) && !is_chosen(rq, v))
        runstate_update_offline(v, clock_now());
    spin_unlock_irq(&rq->lock, flags);
    if (choose_again)
        nudge(rq->cpu);
}

void sched_sleep(struct vcpu *v)
{
    uint64_t flags;
    struct runqueue *rq = runqueue_lock(v, &flags);
    bool sleeps = !vcpu_runnable(v), chosen = is_chosen(rq, v);

    if (sleeps && !chosen) {
        if (v->sched->waiting)
            policy_dequeue(&rq->queue, v->sched);
        runstate_update_offline(v, clock_now());
    }
    spin_unlock_irq(&rq->lock, flags);
    if (sleeps && chosen)
        nudge(rq->cpu);
}

void sched_sleep_sync(struct vcpu *v)
{
    ASSERT(v != current);
    sched_sleep(v);
    while (!vcpu_runnable(v) &&
           (__atomic_load_n(&v->running, __ATOMIC_ACQUIRE) || __atomic_load_n(&v->in_transit, __ATOMIC_ACQUIRE)))
        cpu_pause();
}

void sched_kick(struct vcpu *v)
{
    /* The caller has just made an event pending: order that before the looks at flags and running. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (READ_ONCE(v->pause_flags) & VCPU_BLOCKED) {
        sched_unblock(v);
        return;
    }
    if (v != current && READ_ONCE(v->running))
        lapic_send_ipi(CPUMASK(READ_ONCE(v->processor)), VECTOR_IPI_EVENT);
}

void sched_unblock(struct vcpu *v)
{
    if (vcpu_clear_flags(v, VCPU_BLOCKED | VCPU_POLLING) & VCPU_BLOCKED)
        sched_wake(v);
}

void sched_block(void)
{
    struct vcpu *v = current;

    WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
    vcpu_set_flags(v, VCPU_BLOCKED);
    /* An event that came before the flag was set found nobody to wake. */
    if (READ_ONCE(v->info->evtchn_upcall_pending))
        vcpu_clear_flags(v, VCPU_BLOCKED);
    else
        softirq_raise(SOFTIRQ_SCHEDULE);
}

void sched_yield(void)
{
    struct vcpu *v = current;

    if (!READ_ONCE(runqueues[cpu_id()].queue.count))
        return;
    v->sched->yielded = true;
    softirq_raise(SOFTIRQ_SCHEDULE);
}

/* Takes a waiting vCPU from another CPU's queue; it is then on no list, belongs to this CPU, and is in transit. */
static struct vcpu *steal_from(struct runqueue *victim, unsigned int cpu)
{
    uint64_t flags = spin_lock_irq(&victim->lock);
    struct vcpu *found = NULL;
    struct sched_unit *u;

    list_for_each_entry (u, &victim->queue.waiting, link) {
        struct vcpu *v = unit_vcpu(u);

        if (!(v->hard_affinity & CPUMASK(cpu)) || __atomic_load_n(&v->running, __ATOMIC_ACQUIRE))
            continue;
        policy_dequeue(&victim->queue, u);
        WRITE_ONCE(v->processor, cpu);
        __atomic_fetch_add(&v->in_transit, 1, __ATOMIC_SEQ_CST);
        found = v;
        break;
    }
    spin_unlock_irq(&victim->lock, flags);
    return found;
}

/* This CPU has nothing to run: looks for work elsewhere and queues it here. True: there is something now. */
static bool steal_work(unsigned int cpu)
{
    for (unsigned int i = 1; i < cpu_count; i++) {
        struct runqueue *victim = &runqueues[(cpu + i) % cpu_count];
        struct vcpu *v;

        if (!READ_ONCE(victim->queue.count))
            continue;
        v = steal_from(victim, cpu);
        if (v) {
            /* Whatever happened to it between the locks: it is queued where it belongs if it is still runnable. */
            sched_wake(v);
            __atomic_fetch_sub(&v->in_transit, 1, __ATOMIC_RELEASE);
            return true;
        }
    }
    return false;
}

/*
 * Interrupts off, no lock held. Everything of prev leaves this CPU, everything of next enters it. A domain's bit in
 * dirty_cpus is set before its tables are loaded and cleared after others are.
 */
static void sched_switch_context(struct vcpu *prev, struct vcpu *next)
{
    unsigned int cpu = next->processor;

    if (!prev->is_idle) {
        if (prev->runstate_guest)
            runstate_publish_leaving(prev);
        if (prev->periodic_period)
            sched_periodic(prev, false);
        prev->regs = *guest_regs();
        prev->domain->ops->switch_from(prev);
    }
    current = next;
    WRITE_ONCE(next->running, true);
    if (next->is_idle) {
        tlb_load_cr3(hv_top_table_phys());
    } else {
        if (!(READ_ONCE(next->domain->dirty_cpus) & CPUMASK(cpu)))
            __atomic_fetch_or(&next->domain->dirty_cpus, CPUMASK(cpu), __ATOMIC_SEQ_CST);
        *guest_regs() = next->regs;
        next->domain->ops->switch_to(next);
    }
    if (prev->domain != next->domain && !prev->is_idle)
        __atomic_fetch_and(&prev->domain->dirty_cpus, ~CPUMASK(cpu), __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&prev->in_transit, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&prev->running, false, __ATOMIC_SEQ_CST);
}

/* What is left to do for both once the new current vCPU is there. */
static void sched_switched(struct runqueue *rq, struct vcpu *prev, struct vcpu *next)
{
    cpumask_t idle;

    if (!next->is_idle) {
        /* Queued here while it was on its way out, and its affinity changed: leave_current sends it on. */
        if (unlikely(!(next->hard_affinity & CPUMASK(rq->cpu))))
            softirq_raise(SOFTIRQ_SCHEDULE);
        if (next->periodic_period)
            sched_periodic(next, true);
        if (next->runstate_guest)
            sched_runstate_publish(next);
    }
    /* prev may not stay here: it was held back until its registers were saved. */
    if (READ_ONCE(prev->pause_flags) & VCPU_MIGRATING) {
        vcpu_clear_flags(prev, VCPU_MIGRATING);
        sched_wake(prev);
    }
    if (unlikely(READ_ONCE(prev->pause_flags) & VCPU_SHUT_DOWN))
        domain_shutdown_settle(prev->domain);
    __atomic_fetch_sub(&prev->in_transit, 1, __ATOMIC_RELEASE); /* from here on it may be freed */
    if (READ_ONCE(rq->queue.count) && rq->queue.running) {
        idle = __atomic_load_n(&sched_idle_cpus, __ATOMIC_SEQ_CST) & ~CPUMASK(rq->cpu);
        if (idle)
            nudge(bits_lowest(idle));
    }
}

/* Queue locked: what becomes of the vCPU that runs now. Returns false if it simply goes on. */
static bool leave_current(struct runqueue *rq, struct vcpu *v, uint64_t now)
{
    bool runnable = vcpu_runnable(v), allowed = v->hard_affinity & CPUMASK(rq->cpu);

    policy_charge(&rq->queue, now);
    if (runnable && allowed && !policy_must_switch(&rq->queue, now))
        return false;
    if (runnable && !allowed) {
        vcpu_set_flags(v, VCPU_MIGRATING);
        runnable = false;
    }
    policy_stop_running(&rq->queue, runnable);
    return true;
}

void sched_softirq(void)
{
    struct vcpu *prev = current, *next;
    struct runqueue *rq = &runqueues[cpu_id()];
    struct sched_unit *u;
    uint64_t flags, now;

    for (;;) {
        flags = spin_lock_irq(&rq->lock);
        now = clock_now();
        if (rq->queue.running && !leave_current(rq, prev, now)) {
            arm_look(rq, now);
            spin_unlock_irq(&rq->lock, flags);
            return;
        }
        u = policy_pick(&rq->queue, now);
        if (u || rq->said_idle)
            break;
        /* The queue is empty and prev is no longer chosen, but still on this CPU: that is what v->running is for. */
        rq->said_idle = true;
        __atomic_fetch_or(&sched_idle_cpus, CPUMASK(rq->cpu), __ATOMIC_SEQ_CST);
        spin_unlock_irq(&rq->lock, flags);
        steal_work(rq->cpu);
    }
    rq->said_idle = false;
    if (u)
        __atomic_fetch_and(&sched_idle_cpus, ~CPUMASK(rq->cpu), __ATOMIC_SEQ_CST);
    next = u ? unit_vcpu(u) : cpu_this()->idle;
    arm_look(rq, now);
    if (prev != next) {
        if (!prev->is_idle)
            runstate_leave(prev, now);
        next->switches++;
    }
    runstate_change(next, RUNSTATE_running, now);
    spin_unlock(&rq->lock);
    if (prev != next) {
        sched_switch_context(prev, next);
        sched_switched(rq, prev, next);
    }
    irq_restore(flags);
}

int sched_set_affinity(struct vcpu *v, cpumask_t hard, cpumask_t soft)
{
    struct runqueue *rq;
    bool leave = false;
    uint64_t flags;

    if (!(hard & cpu_online))
        return -EINVAL;
    rq = runqueue_lock(v, &flags);
    v->hard_affinity = hard;
    v->soft_affinity = soft;
    if (!(hard & CPUMASK(v->processor))) {
        if (v->sched->waiting) {
            policy_dequeue(&rq->queue, v->sched);
        } else {
            leave = is_chosen(rq, v);
        }
    }
    spin_unlock_irq(&rq->lock, flags);
    if (leave)
        nudge(rq->cpu); /* leave_current sends it away */
    sched_wake(v);
    return 0;
}
