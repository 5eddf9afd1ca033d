/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU's timers, which end in events. The single-shot timer follows the vCPU: it is set on the CPU where its owner
 * runs. The periodic timer ticks only while the vCPU runs: a blocked one is not woken for ticks, it gets one when it
 * comes back late.
 */
#include "lifecycle/vcpu_timer.h"
#include "event/channel.h"
#include "sched/sched.h"
#include "time/clock.h"

static void singleshot_expired(void *arg)
{
    event_send_virq(arg, VIRQ_TIMER);
}

static void poll_expired(void *arg)
{
    struct vcpu *v = arg;

    if (__atomic_load_n(&v->pause_flags, __ATOMIC_SEQ_CST) & VCPU_POLLING)
        sched_unblock(v);
}

/* The vCPU runs here: a tick if one is due, and the timer for the next. */
static void periodic_work(struct vcpu *v)
{
    uint64_t period = READ_ONCE(v->periodic_period), now = clock_now(), next;

    if (!period)
        return;
    next = v->periodic_last + period;
    if (now >= next) {
        event_send_virq(v, VIRQ_TIMER);
        v->periodic_last = now;
        next = now + period;
    }
    timer_migrate(&v->periodic_timer, cpu_id());
    timer_set(&v->periodic_timer, next);
}

/* Has its CPU see to the timer at once. If it runs nowhere, it does so itself when it comes back. */
static void periodic_look(struct vcpu *v)
{
    timer_migrate(&v->periodic_timer, READ_ONCE(v->processor));
    timer_set(&v->periodic_timer, clock_now());
}

static void periodic_expired(void *arg)
{
    struct vcpu *v = arg;

    if (v == current)
        periodic_work(v);
    else if (READ_ONCE(v->running))
        periodic_look(v); /* it has moved on */
}

void vcpu_timer_periodic_switch(struct vcpu *v, bool runs)
{
    if (runs)
        periodic_work(v);
    else
        timer_stop(&v->periodic_timer);
}

void vcpu_timer_init(struct vcpu *v, unsigned int cpu)
{
    timer_init(&v->singleshot_timer, singleshot_expired, v, cpu);
    timer_init(&v->periodic_timer, periodic_expired, v, cpu);
    timer_init(&v->poll_timer, poll_expired, v, cpu);
    v->periodic_period = VCPU_TIMER_PERIOD_DEFAULT;
}

void vcpu_timer_kill(struct vcpu *v)
{
    timer_kill(&v->singleshot_timer);
    timer_kill(&v->periodic_timer);
    timer_kill(&v->poll_timer);
}

void vcpu_timer_set_singleshot(struct vcpu *v, uint64_t expires)
{
    timer_migrate(&v->singleshot_timer, cpu_id());
    timer_set(&v->singleshot_timer, expires);
}

/* Any vCPU may do this to any other, two even to each other: so nobody waits for anybody to leave its CPU. */
void vcpu_timer_set_periodic(struct vcpu *v, uint64_t period)
{
    __atomic_store_n(&v->periodic_period, period, __ATOMIC_SEQ_CST); /* before the look at v->running */
    if (!period)
        timer_stop(&v->periodic_timer);
    else if (v == current)
        periodic_work(v);
    else
        periodic_look(v);
}
