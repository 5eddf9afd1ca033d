/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling policy: see policy.h. Times are compared by the sign of their difference, so virtual time may wrap. */
#include "sched/policy.h"
#include "lib/compiler.h"

uint64_t policy_ratelimit = POLICY_RATELIMIT;

static bool before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

static struct sched_unit *first_waiting(const struct sched_queue *q)
{
    return q->count ? list_first_entry(&q->waiting, struct sched_unit, link) : NULL;
}

static uint64_t weighted(const struct sched_domain *d, uint64_t ns)
{
    unsigned int weight = READ_ONCE(d->weight);

    if (weight == POLICY_WEIGHT_DEFAULT)
        return ns;
    return ns * POLICY_WEIGHT_DEFAULT / (weight ? weight : 1);
}

void __init policy_queue_init(struct sched_queue *q)
{
    *q = (struct sched_queue){.vtime = 0};
    list_init(&q->waiting);
}

void policy_unit_init(struct sched_unit *u, struct sched_domain *d, struct sched_queue *q)
{
    *u = (struct sched_unit){.domain = d, .queue = q, .vtime = q->vtime};
    list_init(&u->link);
}

/* The queue's time follows the smallest of its units, forwards only. */
static void queue_advance(struct sched_queue *q)
{
    const struct sched_unit *first = first_waiting(q);
    uint64_t least;

    if (q->running)
        least = first && before(first->vtime, q->running->vtime) ? first->vtime : q->running->vtime;
    else if (first)
        least = first->vtime;
    else
        return;
    if (before(q->vtime, least))
        WRITE_ONCE(q->vtime, least);
}

static void insert_sorted(struct sched_queue *q, struct sched_unit *u)
{
    struct sched_unit *at;

    /* From the end: equals stay in the order of their coming. */
    for (struct list *l = q->waiting.prev; l != &q->waiting; l = l->prev) {
        at = list_entry(l, struct sched_unit, link);
        if (!before(u->vtime, at->vtime)) {
            list_add(l, &u->link);
            break;
        }
    }
    if (list_empty(&u->link))
        list_add(&q->waiting, &u->link);
    u->waiting = true;
    q->count++;
}

void policy_enqueue(struct sched_queue *q, struct sched_unit *u)
{
    if (u->queue != q) {
        u->vtime += q->vtime - READ_ONCE(u->queue->vtime);
        u->queue = q;
    }
    if (before(u->vtime, q->vtime - POLICY_SLEEPER))
        u->vtime = q->vtime - POLICY_SLEEPER;
    insert_sorted(q, u);
}

void policy_dequeue(struct sched_queue *q, struct sched_unit *u)
{
    list_remove(&u->link);
    u->waiting = false;
    q->count--;
}

static uint64_t cap_budget(const struct sched_domain *d)
{
    return POLICY_CAP_PERIOD / 100 * READ_ONCE(d->cap);
}

/* Begins a new period if one has begun: whoever moves the period's number takes over what was overrun. */
static void cap_roll(struct sched_domain *d, uint64_t now)
{
    uint64_t period = now / POLICY_CAP_PERIOD, last = __atomic_load_n(&d->cap_period, __ATOMIC_RELAXED);
    uint64_t used, budget;

    if ((int64_t)(period - last) <= 0 ||
        !__atomic_compare_exchange_n(&d->cap_period, &last, period, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return;
    used = __atomic_load_n(&d->cap_used, __ATOMIC_RELAXED);
    budget = cap_budget(d) * (period - last);
    __atomic_fetch_sub(&d->cap_used, used < budget ? used : budget, __ATOMIC_RELAXED);
}

uint64_t policy_cap_left(struct sched_domain *d, uint64_t now)
{
    uint64_t used, budget;

    if (!READ_ONCE(d->cap))
        return ~0ULL;
    cap_roll(d, now);
    used = __atomic_load_n(&d->cap_used, __ATOMIC_RELAXED);
    budget = cap_budget(d);
    return used < budget ? budget - used : 0;
}

void policy_charge(struct sched_queue *q, uint64_t now)
{
    struct sched_unit *u = q->running;
    uint64_t ran;

    if (!u || !before(u->charged, now))
        return;
    ran = now - u->charged;
    u->charged = now;
    u->vtime += weighted(u->domain, ran);
    if (READ_ONCE(u->domain->cap)) {
        cap_roll(u->domain, now);
        __atomic_fetch_add(&u->domain->cap_used, ran, __ATOMIC_RELAXED);
    }
    queue_advance(q);
}

void policy_hold(struct sched_queue *q, uint64_t now)
{
    q->running->stays = now + POLICY_HOLD;
}

/* Far enough behind to preempt u once u's time to stay is over. */
static bool preempts(const struct sched_unit *first, const struct sched_unit *u)
{
    return before(first->vtime + POLICY_LEAD, u->vtime);
}

bool policy_must_switch(const struct sched_queue *q, uint64_t now)
{
    const struct sched_unit *u = q->running, *first = first_waiting(q);

    if (!u)
        return true;
    if (!policy_cap_left(u->domain, now))
        return true;
    if (!first)
        return false;
    if (u->yielded || !before(now, u->slice_end))
        return true;
    return preempts(first, u) && !before(now, u->stays);
}

struct sched_unit *policy_pick(struct sched_queue *q, uint64_t now)
{
    struct sched_unit *u;
    uint64_t left;

    list_for_each_entry (u, &q->waiting, link) {
        left = policy_cap_left(u->domain, now);
        if (!left)
            continue;
        policy_dequeue(q, u);
        u->charged = now;
        u->stays = now + READ_ONCE(policy_ratelimit);
        u->slice_end = now + MIN(left, POLICY_SLICE);
        u->yielded = false;
        q->running = u;
        queue_advance(q);
        return u;
    }
    return NULL;
}

void policy_stop_running(struct sched_queue *q, bool runnable)
{
    struct sched_unit *u = q->running, *first = first_waiting(q);

    q->running = NULL;
    if (!runnable)
        return;
    /* Behind the first one even if it has the smaller time; the loss is what it gave away by yielding. */
    if (u->yielded && first && !before(first->vtime, u->vtime))
        u->vtime = first->vtime + 1;
    insert_sorted(q, u);
}

uint64_t policy_next_look(const struct sched_queue *q, uint64_t now)
{
    const struct sched_unit *u = q->running, *first = first_waiting(q);
    uint64_t left, period_end = (now / POLICY_CAP_PERIOD + 1) * POLICY_CAP_PERIOD;

    if (!u)
        return q->count ? period_end : ~0ULL; /* all that wait are capped */
    if (first)
        return preempts(first, u) && before(u->stays, u->slice_end) ? u->stays : u->slice_end;
    /* Nobody waits: past the end of its slice it goes on, as long as its cap lets it. */
    left = policy_cap_left(u->domain, now);
    return left == ~0ULL ? ~0ULL : now + left;
}
