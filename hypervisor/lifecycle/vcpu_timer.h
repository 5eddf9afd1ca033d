/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three timers of a vCPU: single shot, periodic, and the one that ends a poll. */
#ifndef HAVEN_LIFECYCLE_VCPU_TIMER_H
#define HAVEN_LIFECYCLE_VCPU_TIMER_H

#include "domain/vcpu.h"

#define VCPU_TIMER_PERIOD_DEFAULT 10000000ULL /* ns: what a PV vCPU has until its kernel says otherwise */

void vcpu_timer_init(struct vcpu *v, unsigned int cpu);
void vcpu_timer_kill(struct vcpu *v);

/* Current vCPU: VIRQ_TIMER at that system time; a past one comes at once. */
void vcpu_timer_set_singleshot(struct vcpu *v, uint64_t expires);

/* 0 stops it. */
void vcpu_timer_set_periodic(struct vcpu *v, uint64_t period);

/* Hook of sched/. */
void vcpu_timer_periodic_switch(struct vcpu *v, bool runs);

#endif
