/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which unit (vCPU) of a run queue runs next, and for how long. Pure: knows neither vCPUs nor CPUs nor locks; sched.c
 * holds the queue's lock.
 *
 * Fair shares by virtual time: each unit has a virtual time that advances while it runs, the slower the larger its
 * domain's weight (1 ns per ns at weight 256). The waiting unit with the smallest one runs next. A queue's own virtual
 * time is the smallest of its units and never goes back; a unit that slept starts again near it: it may be a little
 * ahead of the others (SLEEPER), so that what waits for interrupts runs at once, but cannot save up for later.
 *
 * A running unit is preempted when its slice is over and somebody waits, or when one waits that is more than LEAD
 * behind it, but not before it has run for policy_ratelimit: a guest that wakes its back end with the first of many
 * requests gets to the last, and both work through batches instead of taking turns at each request. One that wakes
 * another vCPU of its own domain goes on for POLICY_HOLD, no less and no more: kernels send such wake-ups with a lock
 * held that the woken one wants first, and would spin for, or wait themselves for what the woken one does. A yield lets
 * the first waiting one go first, once.
 *
 * A domain's cap limits all its units together to cap % of one CPU: within each period they may use that much time;
 * what they overrun is taken from the next period. Its counters are shared by several queues, hence atomic.
 */
#ifndef HAVEN_SCHED_POLICY_H
#define HAVEN_SCHED_POLICY_H

#include "lib/list.h"
#include "lib/types.h"

#define POLICY_WEIGHT_DEFAULT 256
#define POLICY_WEIGHT_MAX     65535
#define POLICY_SLICE          5000000ULL /* ns */
#define POLICY_RATELIMIT      1000000ULL /* to begin with */
#define POLICY_HOLD           200000ULL
#define POLICY_LEAD           500000ULL
#define POLICY_SLEEPER        3000000ULL
#define POLICY_CAP_PERIOD     30000000ULL

struct sched_domain {
    uint16_t weight;     /* 1..; changed at any time, read once per use */
    uint16_t cap;        /* percent of a CPU; 0: no limit */
    uint64_t cap_period; /* number of the period that cap_used is about; atomic */
    uint64_t cap_used;   /* ns; atomic */
};

extern uint64_t policy_ratelimit; /* ns; changed at any time */

struct sched_queue;

struct sched_unit {
    struct list link; /* waiting list of 'queue' */
    struct sched_domain *domain;
    struct sched_queue *queue; /* whose virtual time vtime is relative to */
    uint64_t vtime;
    uint64_t charged;   /* while running: system time up to which vtime counts */
    uint64_t stays;     /* while running: not preempted before then */
    uint64_t slice_end; /* while running */
    bool waiting, yielded;
};

struct sched_queue {
    struct list waiting;        /* by vtime */
    struct sched_unit *running; /* not on the list; NULL: idle */
    uint64_t vtime;
    unsigned int count; /* waiting */
};

void policy_queue_init(struct sched_queue *q);
void policy_unit_init(struct sched_unit *u, struct sched_domain *d, struct sched_queue *q);

/* Puts a unit that is neither waiting nor running on the queue (whose running one has been charged); removes a waiting
 * one. */
void policy_enqueue(struct sched_queue *q, struct sched_unit *u);
void policy_dequeue(struct sched_queue *q, struct sched_unit *u);

/* The running unit has just woken one of its own domain, on the same queue. */
void policy_hold(struct sched_queue *q, uint64_t now);

/* Charges the running unit for the time up to now. */
void policy_charge(struct sched_queue *q, uint64_t now);

/* Should the running unit (runnable, charged) make way for a waiting one? */
bool policy_must_switch(const struct sched_queue *q, uint64_t now);

/* Takes the unit to run next off the list and makes it the running one (from now). NULL: none may run. */
struct sched_unit *policy_pick(struct sched_queue *q, uint64_t now);

/* The running unit stops: back to the list if it is runnable. Charged before. */
void policy_stop_running(struct sched_queue *q, bool runnable);

/* When to look again, if nothing happens: end of slice, of the rate limit, of a cap's budget or period. ~0: no need. */
uint64_t policy_next_look(const struct sched_queue *q, uint64_t now);

/* Time left of a capped domain's budget in the current period; ~0 without cap. */
uint64_t policy_cap_left(struct sched_domain *d, uint64_t now);

#endif
