/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduling mechanism: per-CPU run queues, wake, sleep, yield, affinity, the context switch. Which vCPU runs next is
 * decided by sched/policy.c alone (pure: weights, caps, wake-up preemption).
 *
 * schedule() runs as SOFTIRQ_SCHEDULE on the way out to a guest: it picks, copies the guest frame out of and into
 * cpu_local.guest and calls guest_ops switch_from/switch_to. When it returns, 'current' may be another vCPU.
 * A vCPU that is switched out leaves nothing behind on its CPU: idling is a full switch, to hv_top_table. So whoever
 * has seen v->running false may read or change all of v's state.
 */
#ifndef HAVEN_SCHED_SCHED_H
#define HAVEN_SCHED_SCHED_H

#include "domain/vcpu.h"

void sched_init(void);     /* boot CPU; registers the softirqs, sets the hooks of time/ and domain/ */
void sched_init_cpu(void); /* each CPU: its idle vCPU (made if it has none yet) becomes current */
struct vcpu *sched_idle_vcpu(unsigned int cpu); /* makes it, once */
int sched_vcpu_init(struct vcpu *v, unsigned int cpu);
void sched_vcpu_free(struct vcpu *v);
int sched_domain_init(struct domain *d);
void sched_domain_free(struct domain *d);

/* Makes it compete for its CPU if it is runnable. Any context, interrupts included. */
void sched_wake(struct vcpu *v);
/* Takes it off the queue if it is not runnable; _sync returns when it has left its CPU. */
void sched_sleep(struct vcpu *v);
void sched_sleep_sync(struct vcpu *v);

/* The vCPU should look at its events: wakes a blocked one, interrupts a running one. */
void sched_kick(struct vcpu *v);

/* Current vCPU. */
void sched_block(void); /* until an event is pending; clears the event mask first (SCHEDOP_block) */
void sched_yield(void);
void sched_unblock(struct vcpu *v); /* clears BLOCKED/POLLING and wakes */

int sched_set_affinity(struct vcpu *v, cpumask_t hard, cpumask_t soft);
int sched_set_params(struct domain *d, uint16_t weight, uint16_t cap);
void sched_get_params(struct domain *d, uint16_t *weight, uint16_t *cap);

/* Run states: updates v->runstate and the guest's copy. */
void sched_runstate_get(struct vcpu *v, vcpu_runstate_info_t *out);
void sched_runstate_publish(struct vcpu *v); /* current vCPU only: writes the guest's copy */

/* For debug keys. */
void sched_dump(void);

/* Set by lifecycle/: a vCPU with a periodic timer starts or stops running (interrupts off, no lock held). */
extern void (*sched_periodic)(struct vcpu *v, bool runs);

#endif
