/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounting of what a vCPU's time goes to; inside sched/. The queue's lock is held unless said otherwise. */
#ifndef HAVEN_SCHED_RUNSTATE_H
#define HAVEN_SCHED_RUNSTATE_H

#include "domain/vcpu.h"

void runstate_change(struct vcpu *v, int state, uint64_t now);

/* It stops running: the state that its flags say. */
void runstate_leave(struct vcpu *v, uint64_t now);

/* It does not run and is not runnable: blocked or offline, whichever its flags say now. */
void runstate_update_offline(struct vcpu *v, uint64_t now);

/* Guest's copy of a vCPU that is about to leave its CPU. No lock held. */
void runstate_publish_leaving(struct vcpu *v);

#endif
