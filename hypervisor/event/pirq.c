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
 * The table's lock guards mapping and binding. Interrupt handlers read 'pirq_of' and 'port' without it: each is one
 * word, and a handler that comes late sets pending on a port that event/channel.c then finds closed.
 */
#include "event/pirq.h"
#include "event/channel.h"
#include "irq/irq.h"
#include "irq/msi.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "mm/heap.h"
#include <xen/physdev.h>

#define NO_PIRQ       0xffff
#define PIRQ_FREE     (-1)
#define PIRQ_RESERVED (-2)

struct pirq {
    int16_t irq;       /* PIRQ_FREE, PIRQ_RESERVED (handed out by get_free_pirq), or mapped */
    unsigned int port; /* 0: not bound; also read by handlers */
};

struct pirq_table {
    struct spinlock lock; /* LOCK_LEVEL_PHYSDEV */
    unsigned int count;   /* constant */
    struct pirq *pirq;
    uint16_t pirq_of[IRQ_MAX]; /* NO_PIRQ: the irq is not mapped here; also read by handlers */
    uint64_t *eoi_map;         /* the guest's page, or NULL; a writable reference is held */
    bool eoi_unmasks;          /* version 1 of the page: PHYSDEVOP_eoi unmasks the port, too */
};

/* An interrupt came. Interrupts are off. */
static void pirq_arrived(unsigned int irq, void *domain)
{
    struct domain *d = domain;
    const struct pirq_table *t = d->pirqs;
    unsigned int n = READ_ONCE(t->pirq_of[irq]);
    unsigned int port = n < t->count ? READ_ONCE(t->pirq[n].port) : 0;
    if (port)
        event_set_pending_pirq(d, port);
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
    spin_init(&t->lock, LOCK_LEVEL_PHYSDEV);
    t->count = count;
    for (unsigned int i = 0; i < count; i++)
        t->pirq[i].irq = PIRQ_FREE;
    for (unsigned int i = 0; i < IRQ_MAX; i++)
        t->pirq_of[i] = NO_PIRQ;
    d->pirqs = t;
    return 0;
}

void pirq_domain_free(struct domain *d)
{
    struct pirq_table *t = d->pirqs;
    if (!t)
        return;
    for (unsigned int i = 0; i < t->count; i++)
        pirq_unmap(d, i);
    if (t->eoi_map)
        d->ops->frame_put_writable(frame_of(direct_map_to_mfn(t->eoi_map)));
    d->pirqs = NULL;
    heap_free(t->pirq);
    heap_free(t);
}

unsigned int pirq_count(const struct domain *d)
{
    return d->pirqs ? d->pirqs->count : 0;
}

/* Lock held. */
static void eoi_map_update(const struct pirq_table *t, unsigned int n)
{
    if (!t->eoi_map)
        return;
    if (t->pirq[n].port && irq_is_level((unsigned int)t->pirq[n].irq))
        bit_test_and_set_atomic(t->eoi_map, n);
    else
        bit_test_and_clear_atomic(t->eoi_map, n);
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
    struct pirq_table *t = d->pirqs;
    spin_lock(&t->lock);
    int n = pirq_find_free(t);
    if (n >= 0)
        t->pirq[n].irq = PIRQ_RESERVED;
    spin_unlock(&t->lock);
    return n;
}

/* Lock held. */
static int pirq_map_locked(struct pirq_table *t, int n, unsigned int irq)
{
    if (t->pirq_of[irq] != NO_PIRQ)
        return n < 0 || t->pirq_of[irq] == n ? t->pirq_of[irq] : -EEXIST;
    if (n < 0)
        n = pirq_find_free(t);
    if (n < 0)
        return n;
    if (t->pirq[n].irq >= 0)
        return -EBUSY;
    t->pirq[n].irq = (int16_t)irq;
    WRITE_ONCE(t->pirq_of[irq], (uint16_t)n);
    return n;
}

int pirq_map(struct domain *d, int pirq, unsigned int irq)
{
    struct pirq_table *t = d->pirqs;
    if (irq >= IRQ_MAX || pirq >= (int)t->count)
        return -EINVAL;
    spin_lock(&t->lock);
    int r = pirq_map_locked(t, pirq, irq);
    spin_unlock(&t->lock);
    return r;
}

/* Lock held. */
static void pirq_release_irq(struct pirq_table *t, unsigned int n)
{
    if (!t->pirq[n].port)
        return;
    irq_unbind((unsigned int)t->pirq[n].irq);
    WRITE_ONCE(t->pirq[n].port, 0);
    eoi_map_update(t, n);
}

int pirq_unmap(struct domain *d, unsigned int pirq)
{
    struct pirq_table *t = d->pirqs;
    if (pirq >= t->count)
        return -EINVAL;
    spin_lock(&t->lock);
    int irq = t->pirq[pirq].irq;
    if (irq >= 0) {
        pirq_release_irq(t, pirq);
        t->pirq[pirq].irq = PIRQ_FREE;
        WRITE_ONCE(t->pirq_of[irq], NO_PIRQ);
    }
    spin_unlock(&t->lock);
    if (irq < 0)
        return -EINVAL;
    irq_synchronize((unsigned int)irq);
    if ((unsigned int)irq >= irq_gsi_count())
        msi_unmap((unsigned int)irq);
    return 0;
}

static unsigned int vcpu_cpu(const struct domain *d, unsigned int vcpu)
{
    return vcpu < d->max_vcpus && d->vcpu[vcpu] ? d->vcpu[vcpu]->processor : 0;
}

int pirq_bind_port(struct domain *d, unsigned int pirq, unsigned int port)
{
    struct pirq_table *t = d->pirqs;
    if (pirq >= t->count)
        return -EINVAL;
    spin_lock(&t->lock);
    struct pirq *p = &t->pirq[pirq];
    int r = p->irq < 0 ? -EINVAL : p->port ? -EEXIST : 0;
    if (!r) {
        /* The port first: the interrupt may come as soon as it is bound. */
        WRITE_ONCE(p->port, port);
        r = irq_bind((unsigned int)p->irq, pirq_arrived, d, true, vcpu_cpu(d, 0));
        if (r)
            WRITE_ONCE(p->port, 0);
        eoi_map_update(t, pirq);
    }
    spin_unlock(&t->lock);
    return r;
}

void pirq_unbind_port(struct domain *d, unsigned int pirq, unsigned int port)
{
    struct pirq_table *t = d->pirqs;
    if (pirq >= t->count)
        return;
    spin_lock(&t->lock);
    int irq = t->pirq[pirq].port == port ? t->pirq[pirq].irq : PIRQ_FREE;
    if (irq >= 0)
        pirq_release_irq(t, pirq);
    spin_unlock(&t->lock);
    if (irq >= 0)
        irq_synchronize((unsigned int)irq);
}

void pirq_set_vcpu(struct domain *d, unsigned int pirq, unsigned int vcpu)
{
    struct pirq_table *t = d->pirqs;
    if (pirq >= t->count)
        return;
    spin_lock(&t->lock);
    if (t->pirq[pirq].port)
        irq_set_affinity((unsigned int)t->pirq[pirq].irq, vcpu_cpu(d, vcpu));
    spin_unlock(&t->lock);
}

int pirq_eoi(struct domain *d, unsigned int pirq)
{
    struct pirq_table *t = d->pirqs;
    if (pirq >= t->count)
        return -EINVAL;
    spin_lock(&t->lock);
    bool mapped = t->pirq[pirq].irq >= 0;
    unsigned int port = t->pirq[pirq].port;
    if (port)
        irq_guest_eoi((unsigned int)t->pirq[pirq].irq);
    spin_unlock(&t->lock);
    if (port && t->eoi_unmasks)
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
    spin_lock(&t->lock);
    bool had_one = t->eoi_map;
    if (!had_one) {
        t->eoi_map = direct_map_mfn(MFN(gfn));
        t->eoi_unmasks = auto_mask_only_v1;
        for (unsigned int n = 0; n < t->count; n++)
            if (t->pirq[n].port)
                eoi_map_update(t, n);
    }
    spin_unlock(&t->lock);
    if (!had_one)
        return 0;
    d->ops->frame_put_writable(frame_of(MFN(gfn)));
    return -EBUSY;
}
