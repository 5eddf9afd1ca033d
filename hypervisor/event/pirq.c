/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical interrupts of a domain. A pirq is free, or mapped to an irq; a mapped one may be bound to a port, and then
 * the irq belongs to the domain and is delivered:
 *
 *   free --pirq_map--> mapped --pirq_bind_port--> bound --pirq_unbind_port--> mapped --pirq_unmap--> free
 *
 * A level interrupt stays masked until the guest says that it has served the device (PHYSDEVOP_eoi). Which pirqs need
 * that, the guest may read from a page of bits that it lends us (pirq_eoi_gmfn): edge and MSI interrupts do not, and it
 * saves a hypercall for each of them.
 *
 * The lock of the domain's ports (event/channel.h) guards mapping and binding, too. Interrupt handlers read 'port'
 * without it: for one that comes late, event/channel.c finds the port closed, or bound to something else.
 */
#include "event/pirq.h"
#include "event/channel.h"
#include "irq/irq.h"
#include "irq/msi.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "mm/heap.h"
#include <xen/physdev.h>

#define PIRQ_FREE     (-1)
#define PIRQ_RESERVED (-2)

struct pirq {
    struct domain *domain; /* constant */
    int16_t irq;           /* PIRQ_FREE, PIRQ_RESERVED (handed out by get_free_pirq), or mapped */
    unsigned int port;     /* 0: not bound; also read by handlers */
};

struct pirq_table {
    unsigned int count; /* constant */
    struct pirq *pirq;
    uint64_t *eoi_map; /* the guest's page, or NULL; a writable reference is held */
    bool eoi_unmasks;  /* version 1 of the page: PHYSDEVOP_eoi unmasks the port, too */
};

/* An interrupt came. Interrupts are off. */
static void pirq_arrived(unsigned int irq __unused_, void *arg)
{
    const struct pirq *p = arg;
    unsigned int port = READ_ONCE(p->port);
    if (port)
        event_send_pirq(p->domain, (unsigned int)(p - p->domain->pirqs->pirq), port);
}

int pirq_domain_init(struct domain *d, unsigned int count)
{
    struct pirq_table *t = heap_alloc(sizeof(*t));
    count = MIN(count, (unsigned int)DOMAIN_PIRQS_MAX);
    if (t)
        t->pirq = heap_alloc(MAX(count, 1u) * sizeof(struct pirq));
    if (!t || !t->pirq) {
        heap_free(t);
        return -ENOMEM;
    }
    t->count = count;
    for (unsigned int i = 0; i < count; i++)
        t->pirq[i] = (struct pirq){.domain = d, .irq = PIRQ_FREE};
    d->pirqs = t;
    return 0;
}

int pirq_domain_relinquish(struct domain *d)
{
    struct pirq_table *t = d->pirqs;
    for (unsigned int i = 0; i < t->count; i++)
        pirq_unmap(d, i);
    uint64_t flags = event_lock(d);
    uint64_t *map = t->eoi_map;
    t->eoi_map = NULL;
    event_unlock(d, flags);
    if (map)
        d->ops->frame_put_writable(frame_of(direct_map_to_mfn(map)));
    return 0;
}

void pirq_domain_free(struct domain *d)
{
    struct pirq_table *t = d->pirqs;
    if (!t)
        return;
    pirq_domain_relinquish(d);
    d->pirqs = NULL;
    heap_free(t->pirq);
    heap_free(t);
}

unsigned int pirq_count(const struct domain *d)
{
    return d->pirqs ? d->pirqs->count : 0;
}

static unsigned int number_of(const struct pirq *p)
{
    return (unsigned int)(p - p->domain->pirqs->pirq);
}

/* Lock held. */
static void eoi_map_update(const struct pirq *p)
{
    uint64_t *map = p->domain->pirqs->eoi_map;
    if (map && p->port && irq_is_level((unsigned int)p->irq))
        bit_test_and_set_atomic(map, number_of(p));
    else if (map)
        bit_test_and_clear_atomic(map, number_of(p));
}

/* Highest free one above the GSIs, whose numbers are kept for themselves. Lock held. */
static int pirq_find_free(const struct pirq_table *t)
{
    for (unsigned int n = t->count; n-- > irq_gsi_count();)
        if (t->pirq[n].irq == PIRQ_FREE)
            return (int)n;
    return -ENOSPC;
}

int pirq_reserve(struct domain *d)
{
    uint64_t flags = event_lock(d);
    int n = pirq_find_free(d->pirqs);
    if (n >= 0)
        d->pirqs->pirq[n].irq = PIRQ_RESERVED;
    event_unlock(d, flags);
    return n;
}

/* Lock held. */
static int pirq_map_locked(struct pirq_table *t, int n, unsigned int irq)
{
    for (unsigned int i = 0; i < t->count; i++)
        if (t->pirq[i].irq == (int)irq)
            return n < 0 || n == (int)i ? (int)i : -EEXIST;
    if (n < 0)
        n = pirq_find_free(t);
    if (n < 0)
        return n;
    if (t->pirq[n].irq >= 0)
        return -EBUSY;
    t->pirq[n].irq = (int16_t)irq;
    return n;
}

int pirq_map(struct domain *d, int pirq, unsigned int irq)
{
    if (irq >= IRQ_MAX || pirq >= (int)d->pirqs->count)
        return -EINVAL;
    uint64_t flags = event_lock(d);
    int r = pirq_map_locked(d->pirqs, pirq, irq);
    event_unlock(d, flags);
    return r;
}

/* Lock held. A last call of the handler may still come: it finds no port, or one that is not for it. */
static void unbind(struct pirq *p)
{
    if (!p->port)
        return;
    irq_unbind((unsigned int)p->irq);
    WRITE_ONCE(p->port, 0);
    eoi_map_update(p);
}

int pirq_unmap(struct domain *d, unsigned int pirq)
{
    if (pirq >= d->pirqs->count)
        return -EINVAL;
    struct pirq *p = &d->pirqs->pirq[pirq];
    uint64_t flags = event_lock(d);
    int irq = p->irq;
    if (irq >= 0) {
        unbind(p);
        p->irq = PIRQ_FREE;
    }
    event_unlock(d, flags);
    if (irq < 0)
        return -EINVAL;
    irq_synchronize((unsigned int)irq);
    if ((unsigned int)irq >= irq_gsi_count())
        msi_unmap((unsigned int)irq);
    return 0;
}

int pirq_bind_port(struct domain *d, unsigned int pirq, unsigned int port)
{
    struct pirq *p = &d->pirqs->pirq[pirq];
    int r = p->irq < 0 ? -EINVAL : p->port ? -EEXIST : 0;
    if (!r) {
        /* The port first: the interrupt may come as soon as it is bound. */
        WRITE_ONCE(p->port, port);
        r = irq_bind((unsigned int)p->irq, pirq_arrived, p, true, d->vcpu[0]->processor);
        if (r)
            WRITE_ONCE(p->port, 0);
        eoi_map_update(p);
    }
    return r;
}

void pirq_unbind_port(struct domain *d, unsigned int pirq, unsigned int port)
{
    struct pirq *p = &d->pirqs->pirq[pirq];
    if (p->port == port)
        unbind(p);
}

void pirq_set_vcpu(struct domain *d, unsigned int pirq, unsigned int vcpu)
{
    const struct pirq *p = &d->pirqs->pirq[pirq];
    if (p->port)
        irq_set_affinity((unsigned int)p->irq, d->vcpu[vcpu]->processor);
}

int pirq_eoi(struct domain *d, unsigned int pirq)
{
    if (pirq >= d->pirqs->count)
        return -EINVAL;
    const struct pirq *p = &d->pirqs->pirq[pirq];
    uint64_t flags = event_lock(d);
    bool mapped = p->irq >= 0;
    unsigned int port = p->port;
    if (port)
        irq_guest_eoi((unsigned int)p->irq);
    event_unlock(d, flags);
    if (port && d->pirqs->eoi_unmasks)
        event_unmask(d, port);
    return mapped ? 0 : -EINVAL;
}

int pirq_status(struct domain *d, unsigned int pirq, uint32_t *flags)
{
    if (pirq >= d->pirqs->count)
        return -EINVAL;
    /* To be asked for an EOI too many costs a kernel that does not use the page a hypercall; one too few an interrupt.
     */
    *flags = XENIRQSTAT_needs_eoi;
    return 0;
}

int pirq_set_eoi_frame(struct domain *d, uint64_t gfn, bool auto_mask_only_v1)
{
    struct pirq_table *t = d->pirqs;
    if (!frame_exists(MFN(gfn)) || !d->ops->frame_get_writable(frame_of(MFN(gfn)), d->id))
        return -EINVAL;
    uint64_t flags = event_lock(d);
    bool had_one = t->eoi_map;
    if (!had_one) {
        t->eoi_map = direct_map_mfn(MFN(gfn));
        t->eoi_unmasks = auto_mask_only_v1;
        for (unsigned int n = 0; n < t->count; n++)
            eoi_map_update(&t->pirq[n]);
    }
    event_unlock(d, flags);
    if (!had_one)
        return 0;
    d->ops->frame_put_writable(frame_of(MFN(gfn)));
    return -EBUSY;
}
