/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels, 2-level ABI.
 *
 * A domain has a table of ports. A port is free, or bound to one source:
 *
 *   free --alloc_unbound--> unbound --bind_interdomain by the named domain--> interdomain <--> interdomain (the peer's)
 *     |                        ^                                                   |
 *     |                        +--------------- the peer closes ------------------+
 *     +--> virq, ipi, pirq                       close: any state --> free
 *
 * A port that fires sets its bit in shared_info.evtchn_pending. Unless the guest masks it, the bit of its word in the
 * target vCPU's selector is set too, and the vCPU's upcall flag; the vCPU is then woken or interrupted. Each of the
 * three levels is an atomic test-and-set, so a flag that was up already ends the work: whoever set it did the rest.
 *
 * Locking. The table's lock guards states and bindings, those of pirqs included. It is taken in interrupt handlers,
 * thus always with interrupts off, and no plain lock is taken under it: its holder could be interrupted by a handler
 * that waits for ours. That is why a table has its full length from the beginning. Binding and closing between two
 * domains takes both locks, lower address first; so while a sender holds only its own table's lock, its peer cannot go
 * away. Pending, mask and selector bits are shared with the guest and are only touched by atomic operations; a guest
 * that scribbles over them hurts itself.
 */
#include "event/channel.h"
#include "domain/domain.h"
#include "event/pirq.h"
#include "haven/memory_event.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "mm/heap.h"
#include "sched/sched.h"

struct channel {
    uint8_t state; /* EVTCHNSTAT_*: the public numbers are the states */
    uint16_t notify_vcpu;
    uint32_t remote_port; /* interdomain; virq: the next port of the same one, 0: none */
    union {
        domid_t unbound_remote; /* unbound: who may bind */
        struct domain *peer;    /* interdomain */
        uint16_t source;        /* virq, pirq: its number */
    };
};

_Static_assert(sizeof(struct channel) == 16, "a power of two, so that a port's place is found by shifts");

#define PORTS_MAX (sizeof(xen_ulong_t) * 8 * sizeof(xen_ulong_t) * 8) /* 4096: the 2-level ABI's bits */

struct event_table {
    struct spinlock lock;
    unsigned int max_port;                          /* constant: highest port that may be used */
    unsigned int lowest_maybe_free;                 /* no free port below */
    struct channel *channel;                        /* constant: max_port + 1 of them */
    uint16_t virq_port[DOMAIN_VCPUS_MAX][NR_VIRQS]; /* 0: not bound; global ones under vCPU 0 */
};

static bool virq_is_global(uint32_t virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

/* The channel of a port that is in use, or NULL. Table lock held. */
static struct channel *channel_of(const struct event_table *t, event_port_t port)
{
    if (port == 0 || port > t->max_port || t->channel[port].state == EVTCHNSTAT_closed)
        return NULL;
    return &t->channel[port];
}

/* Opens the lowest free port, returns its number or -ENOSPC. What hangs on the state is the caller's to fill in. Table
 * lock held. */
static int channel_open(struct event_table *t, uint8_t state, unsigned int vcpu)
{
    unsigned int port = t->lowest_maybe_free;
    while (port <= t->max_port && t->channel[port].state != EVTCHNSTAT_closed)
        port++;
    t->lowest_maybe_free = port;
    if (port > t->max_port)
        return -ENOSPC;
    t->channel[port] = (struct channel){.state = state, .notify_vcpu = (uint16_t)vcpu};
    return (int)port;
}

static uint64_t *pending_bits(struct domain *d)
{
    return (uint64_t *)d->shared_info->evtchn_pending;
}

static uint64_t *mask_bits(struct domain *d)
{
    return (uint64_t *)d->shared_info->evtchn_mask;
}

/* Raises the vCPU's upcall flag. Returns the vCPU if that was news to it, for kick. */
static struct vcpu *upcall_raise(struct vcpu *v)
{
    return __atomic_exchange_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST) ? NULL : v;
}

/* Without the table's lock where the vCPU cannot go away: it may take an interrupt of another CPU, and all senders wait
 * for the lock. */
static void kick(struct vcpu *v)
{
    if (v)
        sched_kick(v);
}

/* vCPUs that sleep in SCHEDOP_poll wake for their port whether it is masked or not. */
static void pollers_wake(struct domain *d, event_port_t port)
{
    struct vcpu *v;
    vcpu_for_each (d, v) {
        if ((__atomic_load_n(&v->pause_flags, __ATOMIC_SEQ_CST) & VCPU_POLLING) &&
            (v->poll_port == 0 || v->poll_port == port))
            sched_unblock(v);
    }
}

/* The port is pending and not masked. Returns whom to kick, or NULL. */
static inline struct vcpu *port_raise(struct vcpu *v, event_port_t port)
{
    if (bit_test_and_set_atomic((uint64_t *)&v->info->evtchn_pending_sel, port / BITS_PER_LONG))
        return NULL;
    return upcall_raise(v);
}

/* Likewise. */
static struct vcpu *channel_set_pending(struct domain *d, event_port_t port, unsigned int vcpu)
{
    struct vcpu *told = NULL;
    if (bit_test_and_set_atomic(pending_bits(d), port))
        return NULL;
    if (!bit_test(mask_bits(d), port))
        told = port_raise(d->vcpu[vcpu], port);
    pollers_wake(d, port);
    return told;
}

int event_domain_init(struct domain *d, unsigned int max_port)
{
    struct event_table *t = heap_alloc(sizeof(*t));
    if (!t)
        return -ENOMEM;
    spin_init(&t->lock, LOCK_LEVEL_EVENT);
    t->max_port = MIN(max_port, PORTS_MAX - 1);
    t->lowest_maybe_free = 1;
    t->channel = heap_alloc((t->max_port + 1) * sizeof(*t->channel));
    if (!t->channel) {
        heap_free(t);
        return -ENOMEM;
    }
    d->events = t;
    return 0;
}

void event_domain_free(struct domain *d)
{
    if (!d->events)
        return;
    heap_free(d->events->channel);
    heap_free(d->events);
    d->events = NULL;
}

uint64_t event_lock(struct domain *d)
{
    return spin_lock_irq(&d->events->lock);
}

void event_unlock(struct domain *d, uint64_t flags)
{
    spin_unlock_irq(&d->events->lock, flags);
}

/* Both tables' locks in address order, with interrupts off; the same table once. */
static uint64_t tables_lock(struct event_table *a, struct event_table *b)
{
    uint64_t flags = spin_lock_irq(a <= b ? &a->lock : &b->lock);
    if (a != b)
        spin_lock_second(a <= b ? &b->lock : &a->lock);
    return flags;
}

static void tables_unlock(struct event_table *a, struct event_table *b, uint64_t flags)
{
    if (a != b)
        spin_unlock(a <= b ? &b->lock : &a->lock);
    spin_unlock_irq(a <= b ? &a->lock : &b->lock, flags);
}

/* An operation's result: opened is a port, or an error. */
static int port_or_error(int opened, event_port_t *port)
{
    if (opened < 0)
        return opened;
    *port = (event_port_t)opened;
    return 0;
}

int event_alloc_unbound(struct domain *caller, struct evtchn_alloc_unbound *op)
{
    struct domain *d;
    int r = domain_get_operand(caller, op->dom, &d);
    if (r)
        return r;
    struct event_table *t = d->events;
    uint64_t flags = spin_lock_irq(&t->lock);
    /* A dying domain has closed its ports, or is about to: no new ones, whose peers would outlive it. */
    r = READ_ONCE(d->dying) ? -EINVAL : channel_open(t, EVTCHNSTAT_unbound, 0);
    if (r > 0)
        t->channel[r].unbound_remote = op->remote_dom == DOMID_SELF ? caller->id : op->remote_dom;
    spin_unlock_irq(&t->lock, flags);
    domain_put(d);
    return port_or_error(r, &op->port);
}

static int bind_interdomain_locked(struct domain *local, struct domain *remote, struct evtchn_bind_interdomain *op)
{
    struct channel *rc = channel_of(remote->events, op->remote_port);
    if (!rc || rc->state != EVTCHNSTAT_unbound || rc->unbound_remote != local->id)
        return -EINVAL;
    int port = channel_open(local->events, EVTCHNSTAT_interdomain, 0);
    if (port < 0)
        return port;
    struct channel *lc = &local->events->channel[port];
    lc->peer = remote;
    lc->remote_port = op->remote_port;
    rc->state = EVTCHNSTAT_interdomain;
    rc->peer = local;
    rc->remote_port = (event_port_t)port;
    /* What the peer sent before now had nobody to go to: the new end looks once. */
    kick(channel_set_pending(local, (event_port_t)port, lc->notify_vcpu));
    return port_or_error(port, &op->local_port);
}

int event_bind_interdomain(struct domain *caller, struct evtchn_bind_interdomain *op)
{
    struct domain *remote = domain_get_by_id(op->remote_dom);
    if (!remote)
        return -ESRCH;
    uint64_t flags = tables_lock(caller->events, remote->events);
    int r = bind_interdomain_locked(caller, remote, op);
    tables_unlock(caller->events, remote->events, flags);
    domain_put(remote);
    return r;
}

static bool vcpu_exists(const struct domain *d, unsigned int vcpu)
{
    return vcpu < d->max_vcpus && d->vcpu[vcpu];
}

int event_bind_virq(struct vcpu *caller, struct evtchn_bind_virq *op)
{
    struct domain *d = caller->domain;
    struct event_table *t = d->events;
    if (op->virq >= NR_VIRQS || (virq_is_global(op->virq) && op->vcpu != 0))
        return -EINVAL;
    if (!vcpu_exists(d, op->vcpu))
        return -ENOENT;
    uint64_t flags = spin_lock_irq(&t->lock);
    uint16_t *first = &t->virq_port[op->vcpu][op->virq];
    bool shared = op->virq == VIRQ_MEMORY && d->privileged; /* not others': walking the list has no budget */
    int r = *first && !shared ? -EEXIST : channel_open(t, EVTCHNSTAT_virq, op->vcpu);
    if (r > 0) {
        t->channel[r].source = (uint16_t)op->virq;
        t->channel[r].remote_port = *first;
        *first = (uint16_t)r;
    }
    spin_unlock_irq(&t->lock, flags);
    return port_or_error(r, &op->port);
}

int event_bind_ipi(struct vcpu *caller, struct evtchn_bind_ipi *op)
{
    struct event_table *t = caller->domain->events;
    if (!vcpu_exists(caller->domain, op->vcpu))
        return -ENOENT;
    uint64_t flags = spin_lock_irq(&t->lock);
    int r = channel_open(t, EVTCHNSTAT_ipi, op->vcpu);
    spin_unlock_irq(&t->lock, flags);
    return port_or_error(r, &op->port);
}

/* Takes a port off the list of those bound to its virq. */
static void virq_unbind_port(struct event_table *t, event_port_t port, const struct channel *c)
{
    uint16_t *first = &t->virq_port[virq_is_global(c->source) ? 0 : c->notify_vcpu][c->source];
    if (*first == port) {
        *first = (uint16_t)c->remote_port;
        return;
    }
    struct channel *before = channel_of(t, *first);
    while (before->remote_port != port)
        before = channel_of(t, before->remote_port);
    before->remote_port = c->remote_port;
}

/* Makes the port free; both tables locked when it has a peer. */
static void channel_close_locked(struct domain *d, event_port_t port, struct channel *c)
{
    struct event_table *t = d->events;
    if (c->state == EVTCHNSTAT_interdomain) {
        struct channel *rc = channel_of(c->peer->events, c->remote_port);
        ASSERT(rc && rc->state == EVTCHNSTAT_interdomain && rc->peer == d && rc->remote_port == port);
        rc->state = EVTCHNSTAT_unbound;
        rc->unbound_remote = d->id;
        rc->remote_port = 0;
    } else if (c->state == EVTCHNSTAT_virq) {
        virq_unbind_port(t, port, c);
    } else if (c->state == EVTCHNSTAT_pirq) {
        pirq_unbind_port(d, c->source, port);
    }
    *c = (struct channel){.state = EVTCHNSTAT_closed};
    t->lowest_maybe_free = MIN(t->lowest_maybe_free, (unsigned int)port);
    /* The next user of the port number must not see our last event. */
    bit_test_and_clear_atomic(pending_bits(d), port);
}

int event_bind_pirq(struct domain *caller, struct evtchn_bind_pirq *op)
{
    if (op->pirq >= pirq_count(caller))
        return -EINVAL;
    uint64_t flags = event_lock(caller);
    int port = channel_open(caller->events, EVTCHNSTAT_pirq, 0);
    if (port > 0) {
        struct channel *c = &caller->events->channel[port];
        c->source = (uint16_t)op->pirq;
        int r = pirq_bind_port(caller, op->pirq, (unsigned int)port);
        if (r) {
            channel_close_locked(caller, (event_port_t)port, c);
            port = r;
        }
    }
    event_unlock(caller, flags);
    return port_or_error(port, &op->port);
}

int event_bind_vcpu(struct domain *d, event_port_t port, unsigned int vcpu)
{
    struct event_table *t = d->events;
    if (!vcpu_exists(d, vcpu))
        return -ENOENT;
    uint64_t flags = spin_lock_irq(&t->lock);
    struct channel *c = channel_of(t, port);
    int r = -EINVAL;
    if (c && (c->state == EVTCHNSTAT_unbound || c->state == EVTCHNSTAT_interdomain || c->state == EVTCHNSTAT_pirq ||
              (c->state == EVTCHNSTAT_virq && virq_is_global(c->source)))) {
        WRITE_ONCE(c->notify_vcpu, (uint16_t)vcpu);
        if (c->state == EVTCHNSTAT_pirq)
            pirq_set_vcpu(d, c->source, vcpu);
        r = 0;
    }
    spin_unlock_irq(&t->lock, flags);
    return r;
}

int event_close(struct domain *d, event_port_t port)
{
    struct event_table *t = d->events;
    for (;;) {
        /* Whether a peer's lock is needed besides ours is only known under ours, and may change until we have both:
         * look, then lock the pair, then look again. */
        uint64_t flags = spin_lock_irq(&t->lock);
        struct channel *c = channel_of(t, port);
        struct domain *remote = c && c->state == EVTCHNSTAT_interdomain ? c->peer : NULL;
        if (remote)
            domain_get(remote);
        else if (c)
            channel_close_locked(d, port, c);
        spin_unlock_irq(&t->lock, flags);
        if (!remote)
            return c ? 0 : -EINVAL;

        flags = tables_lock(t, remote->events);
        c = channel_of(t, port);
        bool same = c && c->state == EVTCHNSTAT_interdomain && c->peer == remote;
        if (same)
            channel_close_locked(d, port, c);
        tables_unlock(t, remote->events, flags);
        domain_put(remote);
        if (same)
            return 0;
    }
}

void event_domain_close_all(struct domain *d)
{
    if (!d->events)
        return;
    for (event_port_t port = 1; port <= d->events->max_port; port++)
        event_close(d, port);
}

/* Another domain's ports can be closed while it is kept paused, so that it opens no new ones meanwhile. */
int event_reset(struct domain *caller, const struct evtchn_reset *op)
{
    struct domain *d;
    int r = domain_get_operand(caller, op->dom, &d);
    if (r)
        return r;
    if (d == caller || READ_ONCE(d->paused_by_control))
        event_domain_close_all(d);
    else
        r = -EINVAL;
    domain_put(d);
    return r;
}

int event_send(struct domain *d, event_port_t port)
{
    struct event_table *t = d->events;
    uint64_t flags = spin_lock_irq(&t->lock);
    struct channel *c = channel_of(t, port);
    struct vcpu *told = NULL;
    int r = 0;
    if (!c) {
        r = -EINVAL;
    } else if (c->state == EVTCHNSTAT_interdomain) {
        struct domain *remote = c->peer;
        const struct channel *rc = &remote->events->channel[c->remote_port];
        kick(channel_set_pending(remote, c->remote_port, READ_ONCE(rc->notify_vcpu))); /* locked: it may go away */
    } else if (c->state == EVTCHNSTAT_ipi) {
        told = channel_set_pending(d, port, c->notify_vcpu);
    } else if (c->state != EVTCHNSTAT_unbound) {
        r = -EINVAL; /* virq and pirq have a source of their own */
    }
    spin_unlock_irq(&t->lock, flags);
    kick(told);
    return r;
}

int event_unmask(struct domain *d, event_port_t port)
{
    struct event_table *t = d->events;
    uint64_t flags = spin_lock_irq(&t->lock);
    struct channel *c = channel_of(t, port);
    struct vcpu *told = NULL;
    if (c && bit_test_and_clear_atomic(mask_bits(d), port) && bit_test(pending_bits(d), port))
        told = port_raise(d->vcpu[c->notify_vcpu], port);
    spin_unlock_irq(&t->lock, flags);
    kick(told);
    return c ? 0 : -EINVAL;
}

static void status_of(struct domain *d, struct evtchn_status *op)
{
    uint64_t flags = spin_lock_irq(&d->events->lock);
    const struct channel *c = channel_of(d->events, op->port);
    op->status = c ? c->state : EVTCHNSTAT_closed;
    op->vcpu = c ? c->notify_vcpu : 0;
    if (op->status == EVTCHNSTAT_unbound) {
        op->u.unbound.dom = c->unbound_remote;
    } else if (op->status == EVTCHNSTAT_interdomain) {
        op->u.interdomain.dom = c->peer->id;
        op->u.interdomain.port = c->remote_port;
    } else if (op->status == EVTCHNSTAT_pirq || op->status == EVTCHNSTAT_virq) {
        op->u.virq = c->source; /* u.pirq is the same place */
    }
    spin_unlock_irq(&d->events->lock, flags);
}

int event_status(struct domain *caller, struct evtchn_status *op)
{
    struct domain *d;
    int r = domain_get_operand(caller, op->dom, &d);
    if (r)
        return r;
    if (event_port_exists(d, op->port)) /* port 0, which nobody gets, is closed like others */
        status_of(d, op);
    else
        r = -EINVAL;
    domain_put(d);
    return r;
}

/* Sets the port pending if it is still bound to that virq or pirq. */
static void source_fired(struct domain *d, event_port_t port, uint8_t state, unsigned int source)
{
    struct event_table *t = d->events;
    uint64_t flags = spin_lock_irq(&t->lock);
    const struct channel *c = channel_of(t, port);
    struct vcpu *told = NULL;
    if (c && c->state == state && c->source == source)
        told = channel_set_pending(d, port, c->notify_vcpu);
    spin_unlock_irq(&t->lock, flags);
    kick(told);
}

void event_send_virq(struct vcpu *v, uint32_t virq)
{
    event_port_t port = READ_ONCE(v->domain->events->virq_port[v->id][virq]);
    if (port)
        source_fired(v->domain, port, EVTCHNSTAT_virq, virq);
}

void event_send_memory(void)
{
    struct domain *d = domain0;
    if (!d || !d->events || !READ_ONCE(d->events->virq_port[0][VIRQ_MEMORY]))
        return;
    struct event_table *t = d->events;
    uint64_t flags = spin_lock_irq(&t->lock);
    for (event_port_t port = t->virq_port[0][VIRQ_MEMORY]; port; port = channel_of(t, port)->remote_port)
        kick(channel_set_pending(d, port, channel_of(t, port)->notify_vcpu));
    spin_unlock_irq(&t->lock, flags);
}

void event_send_pirq(struct domain *d, unsigned int pirq, event_port_t port)
{
    source_fired(d, port, EVTCHNSTAT_pirq, pirq);
}

void event_send_global_virq(uint32_t virq)
{
    struct domain *d = domain0;
    if (d && d->events && d->vcpu[0])
        event_send_virq(d->vcpu[0], virq);
}

bool event_port_pending(struct domain *d, event_port_t port)
{
    return bit_test(pending_bits(d), port);
}

bool event_port_exists(const struct domain *d, event_port_t port)
{
    return port <= d->events->max_port;
}

void event_vcpu_info_moved(struct vcpu *v)
{
    /* Bits that a sender set in the old place while the new one was being put in would be lost: every word is looked at
     * once instead. */
    __atomic_store_n(&v->info->evtchn_pending_sel, ~0UL, __ATOMIC_SEQ_CST);
    kick(upcall_raise(v));
}

void event_dump(struct domain *d)
{
    static const char *const state_name[] = {"closed", "unbound", "interdomain", "pirq", "virq", "ipi"};
    for (event_port_t port = 1; d->events && port <= d->events->max_port; port++) {
        struct evtchn_status status = {.port = port};
        status_of(d, &status);
        if (status.status == EVTCHNSTAT_closed)
            continue;
        log_info("  d%u port %4u %-11s vcpu %u%s%s", d->id, port, state_name[status.status], status.vcpu,
                 bit_test(pending_bits(d), port) ? " pending" : "", bit_test(mask_bits(d), port) ? " masked" : "");
        if (status.status == EVTCHNSTAT_interdomain)
            log_info("            peer d%u port %u", status.u.interdomain.dom, status.u.interdomain.port);
        else if (status.status == EVTCHNSTAT_virq || status.status == EVTCHNSTAT_pirq)
            log_info("            %s %u", state_name[status.status], status.u.virq);
    }
}
