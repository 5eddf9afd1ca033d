/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who exists: the list of domains and their references.
 *
 * The list is sorted by id and holds one reference to each domain on it, so a domain found there is alive while the
 * list lock is held. The count only ever rises from a value above zero; whoever brings it to zero frees, and by then
 * nobody can find the domain any more. The current domain needs no look-up: its running vCPU keeps it.
 */
#include "domain/domain.h"
#include "domain/vcpu.h"
#include "lib/assert.h"
#include "lib/errno.h"

struct domain *domain0;
struct domain idle_domain = {.id = DOMID_IDLE, .refs = 1, .shutdown_code = ~0u};
void (*domain_freed)(struct domain *d);

static struct list domains = LIST_INIT(domains);
static struct spinlock domains_lock = SPINLOCK_INIT(LOCK_LEVEL_DOMAIN_LIST);

void domain_get(struct domain *d)
{
    uint32_t before = __atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED);

    ASSERT(before != 0 && before != ~0u);
}

void domain_put(struct domain *d)
{
    uint32_t before = __atomic_fetch_sub(&d->refs, 1, __ATOMIC_ACQ_REL);

    ASSERT(before != 0);
    if (before == 1 && domain_freed)
        domain_freed(d);
}

struct domain *domain_get_by_id(domid_t id)
{
    struct domain *d, *found = NULL;
    struct vcpu *v = current;

    if (id == DOMID_SELF || id == v->domain->id) {
        domain_get(v->domain);
        return v->domain;
    }
    if (id >= DOMID_FIRST_RESERVED)
        return NULL;

    spin_lock(&domains_lock);
    list_for_each_entry (d, &domains, link) {
        if (d->id >= id) {
            if (d->id == id && d->dying != DOMAIN_DEAD)
                found = d;
            break;
        }
    }
    if (found)
        domain_get(found);
    spin_unlock(&domains_lock);
    return found;
}

int domain_get_operand(struct domain *caller, domid_t id, struct domain **d)
{
    *d = domain_get_by_id(id);
    if (!*d)
        return -ESRCH;
    if (*d == caller || caller->privileged)
        return 0;
    domain_put(*d);
    return -EPERM;
}

int domain_list_add(struct domain *d)
{
    struct domain *at;
    struct list *before = &domains;
    int error = 0;

    spin_lock(&domains_lock);
    list_for_each_entry (at, &domains, link) {
        if (at->id >= d->id) {
            before = &at->link;
            if (at->id == d->id)
                error = -EEXIST;
            break;
        }
    }
    if (!error) {
        list_add_tail(before, &d->link);
        domain_get(d);
    }
    spin_unlock(&domains_lock);
    return error;
}

void domain_list_remove(struct domain *d)
{
    bool listed;

    spin_lock(&domains_lock);
    listed = !list_empty(&d->link);
    if (listed)
        list_remove(&d->link);
    spin_unlock(&domains_lock);
    if (listed)
        domain_put(d);
}

struct domain *domain_next(domid_t at_least)
{
    struct domain *d, *found = NULL;

    spin_lock(&domains_lock);
    list_for_each_entry (d, &domains, link) {
        if (d->id >= at_least) {
            found = d;
            domain_get(d);
            break;
        }
    }
    spin_unlock(&domains_lock);
    return found;
}
