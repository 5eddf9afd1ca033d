/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domctl: what of the machine a domain may touch. Nobody can give away what it has not itself. */
#include "hypercall/domctl.h"
#include "lib/errno.h"

#define PORTS 0x10000u

static int64_t change(struct domain *d, struct rangeset *of, const struct rangeset *own, uint64_t first, uint64_t last,
                      bool allow)
{
    if (!rangeset_contains(own, first, last))
        return -EPERM;
    spin_lock(&d->lock);
    int error = allow ? rangeset_add(of, first, last) : rangeset_remove(of, first, last);
    spin_unlock(&d->lock);
    return error;
}

int64_t domctl_irq_permission(struct domain *d, struct xen_domctl *c)
{
    const struct xen_domctl_irq_permission *op = &c->u.irq_permission;

    if (op->pirq >= DOMAIN_PIRQS_MAX)
        return -EINVAL;
    return change(d, &d->irqs_allowed, &current->domain->irqs_allowed, op->pirq, op->pirq, op->allow_access);
}

int64_t domctl_iomem_permission(struct domain *d, struct xen_domctl *c)
{
    const struct xen_domctl_iomem_permission *op = &c->u.iomem_permission;
    uint64_t last = op->first_mfn + op->nr_mfns - 1;

    if (last < op->first_mfn)
        return -EINVAL;
    return change(d, &d->iomem_allowed, &current->domain->iomem_allowed, op->first_mfn, last, op->allow_access);
}

int64_t domctl_ioport_permission(struct domain *d, struct xen_domctl *c)
{
    const struct xen_domctl_ioport_permission *op = &c->u.ioport_permission;
    uint32_t end = op->first_port + op->nr_ports;

    if (end <= op->first_port || end > PORTS)
        return -EINVAL;
    return change(d, &d->ports_allowed, &current->domain->ports_allowed, op->first_port, end - 1, op->allow_access);
}
