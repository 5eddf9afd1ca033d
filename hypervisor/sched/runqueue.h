/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CPU's run queue: shared by the files of sched/ only. */
#ifndef HAVEN_SCHED_RUNQUEUE_H
#define HAVEN_SCHED_RUNQUEUE_H

#include "domain/vcpu.h"
#include "lib/compiler.h"
#include "lib/spinlock.h"
#include "sched/policy.h"
#include "time/timer.h"

struct runqueue {
    struct spinlock lock; /* LOCK_LEVEL_RUNQUEUE; taken from interrupts */
    struct sched_queue queue;
    struct timer timer; /* end of a slice or of a cap's period */
    uint64_t look_at;   /* what the timer is set for; ~0: not */
    unsigned int cpu;
    bool said_idle; /* sched_softirq is in sched_idle_cpus already and has looked at the other queues; own CPU only */
} __aligned_(64);

struct vcpu_unit {
    struct sched_unit unit; /* first: the policy's pointer is ours */
    struct vcpu *vcpu;
};

extern struct runqueue runqueues[CPU_MAX];
extern cpumask_t sched_idle_cpus; /* CPUs that look for work; atomic */

static inline struct vcpu *unit_vcpu(struct sched_unit *u)
{
    return ((struct vcpu_unit *)u)->vcpu;
}

/* Locks the queue that the vCPU belongs to. */
struct runqueue *runqueue_lock(struct vcpu *v, uint64_t *flags);

void sched_softirq(void);           /* SOFTIRQ_SCHEDULE: chooses, and switches to what it chose */
void sched_look_expired(void *arg); /* a queue's timer */

#endif
