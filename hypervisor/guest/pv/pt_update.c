/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of page-table entries.
 *
 * The owner's page_table_lock is held from reading the old entry to writing the new one, so only the CPU itself changes
 * the entry meanwhile, and only its A and D bits. Order: references of the new entry, write, references of the old one;
 * a refused entry leaves all as it was. TLBs are the guest's business, except where a frame changes its type
 * (page_type.c).
 *
 * Half of all updates change flags only (write protection above all); they need no references looked up.
 */
#include "guest/pv/pt_update.h"
#include "guest/pv/address_space.h"
#include "guest/pv/page_type.h"
#include "guest/pv/pte_check.h"
#include "guest/pv/pte_reference.h"
#include "lib/assert.h"
#include "lib/errno.h"

/* Owners of frames that are no domain's: they have no tables and no vCPUs. */
#define PSEUDO_DOMAIN(domid)                                                                                           \
    {                                                                                                                  \
        .id = (domid), .refs = 1, .page_table_lock = SPINLOCK_INIT(LOCK_LEVEL_PAGE_TABLE)                              \
    }
static struct domain io_domain = PSEUDO_DOMAIN(DOMID_IO);
static struct domain xen_domain = PSEUDO_DOMAIN(DOMID_XEN);

/* ---- unfinished tables ---- */

static void note(struct vcpu *v, const struct domain *owner, mfn_t table)
{
    v->pv.unfinished_table = table;
    v->pv.unfinished_owner = owner->id;
}

/* rc: of a promotion. -ERESTART goes on where it stopped when it is called again. */
static int note_failed(struct vcpu *v, struct domain *d, mfn_t mfn, int rc)
{
    if (unlikely(rc) && rc != -ERESTART && page_type_unfinished(d, mfn))
        note(v, d, mfn);
    return rc;
}

int pt_update_type_get(struct vcpu *v, struct domain *d, mfn_t mfn, uint64_t type)
{
    return note_failed(v, d, mfn, page_type_get(d, mfn, type, true));
}

void pt_update_type_put(struct vcpu *v, struct domain *d, struct frame *f)
{
    if (page_type_put(d, f, true) == -ERESTART)
        note(v, d, frame_mfn(f));
}

int pt_update_finish_noted(struct vcpu *v)
{
    int rc = 0;
    struct domain *d = v->pv.unfinished_owner == v->domain->id ? v->domain : domain_get_by_id(v->pv.unfinished_owner);

    if (d) {
        rc = page_type_finish(d, v->pv.unfinished_table);
        if (d != v->domain)
            domain_put(d);
    }
    if (rc != -ERESTART)
        v->pv.unfinished_table = MFN(0);
    return rc;
}

/* ---- pins ---- */

int pt_update_pin(struct vcpu *v, struct domain *d, mfn_t mfn, unsigned int level)
{
    page_type_flush_ahead(d, mfn);
    spin_lock(&d->page_table_lock);
    int rc = page_type_pin(d, mfn, page_type_of_level(level));
    spin_unlock(&d->page_table_lock);
    return note_failed(v, d, mfn, rc);
}

int pt_update_unpin(struct vcpu *v, struct domain *d, mfn_t mfn)
{
    spin_lock(&d->page_table_lock);
    bool l1 = frame_exists(mfn) && (frame_of(mfn)->type & TYPE_MASK) == TYPE_L1;
    int rc = page_type_unpin(d, mfn);
    spin_unlock(&d->page_table_lock);
    /* Its writable mapping comes next. Those of upper tables come last: the flush for one of these serves them, too. */
    if (!rc && l1)
        page_type_flush_ahead(d, mfn);
    if (rc != -ERESTART)
        return rc;
    note(v, d, mfn); /* the pin is gone; what the table held goes later */
    return 0;
}

/* ---- owners ---- */

struct domain *pt_update_foreign_get(struct vcpu *v, domid_t id, int *error)
{
    *error = -ESRCH;
    if (id == v->domain->id) /* "foreign" must not be oneself: guests rely on the error */
        return NULL;
    if (id == DOMID_IO)
        return &io_domain;
    struct domain *d = id == DOMID_XEN ? &xen_domain : domain_get_by_id(id);
    if (!d || v->domain->privileged)
        return d;
    pt_update_foreign_put(d);
    *error = -EPERM;
    return NULL;
}

void pt_update_foreign_put(struct domain *d)
{
    if (d != &io_domain && d != &xen_domain)
        domain_put(d);
}

/* ---- entries ---- */

static inline void entry_write(pte_t *slot, pte_t old, pte_t new, bool preserve_ad)
{
    if (likely(!preserve_ad)) {
        pte_write(slot, new);
        return;
    }
    while (!__atomic_compare_exchange_n(slot, &old, new | (old & (PTE_ACCESSED | PTE_DIRTY)), false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED))
        ;
}

/* How a change of an L1 entry changes references. */
enum l1_change { CHANGE_FLAGS, CHANGE_WRITE_PROTECT, CHANGE_MAPPING };

/* Checks *new, makes it what the hardware gets, takes its references. */
static inline __attribute__((always_inline)) int l1_prepare(struct domain *d, struct domain *page_owner, pte_t old,
                                                            pte_t *new, enum l1_change *change)
{
    *change = CHANGE_MAPPING;
    if (!(*new &PTE_PRESENT))
        return 0;
    if (unlikely(!pte_check_flags(1, *new, false)) && !pte_check_flags(1, *new, pte_reference_cacheability(d)))
        return -EINVAL;
    *new = pte_check_hardware(*new);

    pte_t diff = (old ^ *new) & ~PTE_FREE_FLAGS;
    if (!diff) {
        *change = CHANGE_FLAGS;
        return 0;
    }
    if (diff == PTE_WRITE && (old & PTE_WRITE)) {
        *change = CHANGE_WRITE_PROTECT;
        return 0;
    }
    return pte_reference_get(d, page_owner, new);
}

/* The new entry is in place. */
static inline __attribute__((always_inline)) void l1_settle(pte_t old, enum l1_change change)
{
    if (change == CHANGE_MAPPING)
        pte_reference_put(old);
    else if (change == CHANGE_WRITE_PROTECT)
        pte_reference_drop_write(old);
}

static inline int l1_update(struct domain *d, struct domain *page_owner, pte_t *slot, pte_t new, bool preserve_ad)
{
    pte_t old = pte_read(slot);
    enum l1_change change;
    int rc = l1_prepare(d, page_owner, old, &new, &change);

    if (unlikely(rc))
        return rc;
    entry_write(slot, old, new, preserve_ad);
    l1_settle(old, change);
    return 0;
}

static int upper_update(struct vcpu *v, struct domain *d, unsigned int level, pte_t *slot, pte_t new, bool preserve_ad)
{
    pte_t old = pte_read(slot);

    if (level == 4 && pte_check_hypervisor_slot(((uintptr_t)slot & ~PAGE_MASK) / sizeof(*slot)))
        return -EINVAL;
    if (new &PTE_PRESENT) {
        if (!pte_check_flags(level, new, false))
            return -EINVAL;
        new = pte_check_hardware(new);
        if (!((old ^ new) & ~PTE_FREE_FLAGS_UPPER)) {
            entry_write(slot, old, new, preserve_ad);
            return 0;
        }
        int rc = pt_update_type_get(v, d, pte_mfn(new), page_type_of_level(level - 1));
        if (unlikely(rc))
            return rc;
    }
    entry_write(slot, old, new, preserve_ad);
    if (old & PTE_PRESENT)
        pt_update_type_put(v, d, frame_of(pte_mfn(old)));
    return 0;
}

/* Locked: a frame of d that is no table. It may be written like any memory, if it may be written at all. */
static int plain_write(struct domain *d, struct frame *f, pte_t *slot, pte_t value)
{
    if (!page_type_get_writable(f, d->id))
        return -EINVAL;
    pte_write(slot, value);
    page_type_put_writable(f);
    return 0;
}

static int entry_update(struct vcpu *v, struct domain *pt_owner, struct domain *page_owner, struct frame *f,
                        pte_t *slot, pte_t new, bool preserve_ad)
{
    unsigned int level = page_type_table_level(__atomic_load_n(&f->type, __ATOMIC_ACQUIRE));

    if (likely(level == 1))
        return l1_update(pt_owner, page_owner, slot, new, preserve_ad);
    if (level)
        return pt_owner == page_owner ? upper_update(v, pt_owner, level, slot, new, preserve_ad) : -EINVAL;
    return plain_write(pt_owner, f, slot, new);
}

/* Locked. *held: the frame of the last request's table, with a reference, or NULL. Runs of requests change one table.
 */
static inline bool table_hold(struct domain *d, struct frame **held, mfn_t mfn)
{
    struct frame *f = frame_of(mfn);

    if (likely(*held == f))
        return true;
    if (*held)
        frame_put(*held);
    *held = frame_exists(mfn) && frame_get(f, d->id) ? f : NULL;
    return *held;
}

int pt_update_entries(struct vcpu *v, struct domain *pt_owner, struct domain *page_owner, const struct mmu_update *req,
                      unsigned int count, unsigned int *done)
{
    struct frame *held = NULL;
    int rc = 0;

    spin_lock(&pt_owner->page_table_lock);
    for (unsigned int i = 0; i < count && pt_update_is_entry(&req[i]); i++) {
        pte_t *slot = direct_map(req[i].ptr & ~(sizeof(pte_t) - 1));
        bool preserve_ad = (req[i].ptr & (sizeof(pte_t) - 1)) == MMU_PT_UPDATE_PRESERVE_AD;
        rc = -EINVAL;
        if (likely(table_hold(pt_owner, &held, MFN(req[i].ptr >> PAGE_SHIFT))))
            rc = entry_update(v, pt_owner, page_owner, held, slot, req[i].val, preserve_ad);
        if (unlikely(rc))
            break;
        ++*done;
        if (unlikely(v->pv.unfinished_table.n))
            break;
    }
    spin_unlock(&pt_owner->page_table_lock);
    if (held)
        frame_put(held);
    return rc;
}

static inline const pte_t *next_table(const pte_t *table, uint64_t va, unsigned int level)
{
    pte_t e = pte_read(&table[pte_index(va, level)]);

    return likely(e & PTE_PRESENT) ? direct_map(e & PTE_FRAME_MASK) : NULL;
}

/* Locked: as address_space_walk, without looking whether the frames exist: what a validated table names does. */
static inline pte_t *kernel_l1_slot(const struct vcpu *v, uint64_t va)
{
    const pte_t *table = next_table(direct_map_mfn(v->pv.kernel_table), va, 4);

    if (likely(table))
        table = next_table(table, va, 3);
    if (likely(table))
        table = next_table(table, va, 2);
    return likely(table) ? (pte_t *)table + pte_index(va, 1) : NULL;
}

int pt_update_va_mapping(struct vcpu *v, struct domain *page_owner, uint64_t va, pte_t new)
{
    struct domain *d = v->domain;
    int rc = -EINVAL;

    if (unlikely(!guest_address_ok(va)))
        return -EINVAL;
    spin_lock(&d->page_table_lock);
    pte_t *slot = kernel_l1_slot(v, va);
    if (likely(slot))
        rc = l1_update(d, page_owner, slot, new, false);
    spin_unlock(&d->page_table_lock);
    return rc;
}

/* ---- writes by the guest that faulted ---- */

/* The frame that va is mapped to read-only, if it is an L1 table of d; locked, or only as a guess. */
static struct frame *table_at(struct vcpu *v, uint64_t va)
{
    if (!guest_address_ok(va))
        return NULL;
    const pte_t *slot = address_space_walk(v->pv.kernel_table, va, 1);
    if (!slot)
        return NULL;
    pte_t e = pte_read(slot);
    if ((e & (PTE_PRESENT | PTE_WRITE)) != PTE_PRESENT || !frame_is_ram(pte_mfn(e)))
        return NULL;
    struct frame *f = frame_of(pte_mfn(e));
    if (f->owner != v->domain->id || page_type_table_level(__atomic_load_n(&f->type, __ATOMIC_ACQUIRE)) != 1)
        return NULL;
    return f;
}

bool pt_update_is_table_write(struct vcpu *v, uint64_t va)
{
    struct domain *d = v->domain;
    bool result;

    spin_lock(&d->page_table_lock);
    result = table_at(v, va) != NULL;
    spin_unlock(&d->page_table_lock);
    return result;
}

/* One attempt: the entry is 'cur', becomes 'new'. -EAGAIN: the CPU changed its A or D bit meanwhile. */
static int l1_exchange(struct domain *d, pte_t *slot, pte_t cur, pte_t new)
{
    enum l1_change change;
    pte_t seen = cur;
    int rc = l1_prepare(d, d, cur, &new, &change);

    if (rc)
        return rc;
    if (__atomic_compare_exchange_n(slot, &seen, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        l1_settle(cur, change);
        return 0;
    }
    if (change == CHANGE_MAPPING)
        pte_reference_put(new);
    return -EAGAIN;
}

int pt_update_emulated(struct vcpu *v, uint64_t va, uint64_t *old, uint64_t new, unsigned int size, bool *swapped)
{
    struct domain *d = v->domain;
    unsigned int shift = (va & (sizeof(pte_t) - 1)) * 8;
    int rc = -EINVAL;

    if ((size != 1 && size != 2 && size != 4 && size != 8) || (va & (size - 1)))
        return -EINVAL;
    uint64_t mask = size == 8 ? ~0ULL : ((1ULL << size * 8) - 1) << shift;

    spin_lock(&d->page_table_lock);
    struct frame *f = table_at(v, va);
    if (f) {
        pte_t *slot = (pte_t *)direct_map_mfn(frame_mfn(f)) + (va & ~PAGE_MASK) / sizeof(pte_t);
        do {
            pte_t cur = pte_read(slot);
            *swapped = (cur & mask) == (*old << shift & mask);
            if (!*swapped) {
                *old = (cur & mask) >> shift;
                rc = 0;
                break;
            }
            rc = l1_exchange(d, slot, cur, (cur & ~mask) | (new << shift &mask));
        } while (rc == -EAGAIN);
    }
    spin_unlock(&d->page_table_lock);
    return rc ? -EINVAL : 0;
}
