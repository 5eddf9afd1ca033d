/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain has mapped of others' grants.
 *
 * Each mapping has a handle: an index into the mapper's table of mappings. A mapping in use holds one use of the grant
 * (grant/table.c) and a reference to the granting domain, until its last part (host or device mapping) is unmapped.
 * The entry in the mapper's page tables is made and removed by guest_ops; the use outlives it until the TLBs are clean.
 *
 *   free --grant_map--> live --grant_unmap_begin--> free --(TLB flush)--> grant_unmap_finish: the grant's use ends
 *
 * Who wants to unmap a live mapping takes the flag from it by an atomic exchange, and has it for himself: a second
 * unmap of the same handle on another vCPU finds it not live. The table's lock guards the list of free ones; it is
 * never held across page-table work.
 */
#include "grant/map.h"
#include "domain/domain.h"
#include "grant/table.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/heap.h"

#define MAPPINGS_PER_PAGE (PAGE_SIZE / sizeof(struct grant_mapping))

static struct grant_mapping *mapping_of(const struct grant_table *t, grant_handle_t handle)
{
    if (handle / MAPPINGS_PER_PAGE >= __atomic_load_n(&t->mapping_pages, __ATOMIC_ACQUIRE))
        return NULL;
    return &t->mapping_page[handle / MAPPINGS_PER_PAGE][handle % MAPPINGS_PER_PAGE];
}

static bool mappings_grow(struct grant_table *t)
{
    if (t->mapping_pages == t->max_mapping_pages)
        return false;
    struct grant_mapping *page = heap_alloc_pages(0);
    if (!page)
        return false;
    for (unsigned int i = 0; i < MAPPINGS_PER_PAGE; i++)
        page[i].ref = i + 1 < MAPPINGS_PER_PAGE ? t->mapping_pages * MAPPINGS_PER_PAGE + i + 1 : GRANT_HANDLE_NONE;
    t->free_mapping = (uint32_t)(t->mapping_pages * MAPPINGS_PER_PAGE);
    t->mapping_page[t->mapping_pages] = page;
    __atomic_store_n(&t->mapping_pages, t->mapping_pages + 1, __ATOMIC_RELEASE);
    return true;
}

/* A handle that is neither free nor live, or GRANT_HANDLE_NONE. */
static grant_handle_t mapping_alloc(struct grant_table *t)
{
    grant_handle_t handle = GRANT_HANDLE_NONE;
    spin_lock(&t->lock);
    if (t->free_mapping != GRANT_HANDLE_NONE || mappings_grow(t)) {
        handle = t->free_mapping;
        t->free_mapping = mapping_of(t, handle)->ref;
        t->mapped++;
    }
    spin_unlock(&t->lock);
    return handle;
}

static void mapping_free(struct grant_table *t, grant_handle_t handle)
{
    spin_lock(&t->lock);
    mapping_of(t, handle)->ref = t->free_mapping;
    t->free_mapping = handle;
    t->mapped--;
    spin_unlock(&t->lock);
}

/* A live mapping for the one caller that gets it. */
static struct grant_mapping *mapping_claim(struct grant_table *t, grant_handle_t handle)
{
    struct grant_mapping *m = mapping_of(t, handle);
    return m && __atomic_exchange_n(&m->live, false, __ATOMIC_ACQ_REL) ? m : NULL;
}

static void mapping_set_live(struct grant_mapping *m)
{
    __atomic_store_n(&m->live, true, __ATOMIC_RELEASE);
}

static int map_into(struct vcpu *v, struct gnttab_map_grant_ref *op, struct domain *granter, struct grant_mapping *m)
{
    bool readonly = op->flags & GNTMAP_readonly;
    mfn_t mfn;
    int r = grant_use_begin(granter, op->ref, v->domain->id, readonly, &mfn);
    if (r != GNTST_okay)
        return r;
    if (op->flags & GNTMAP_host_map) {
        r = v->domain->ops->grant_map_page(v, op->host_addr, mfn, op->flags, 0);
        if (r != GNTST_okay) {
            grant_use_end(granter, op->ref, readonly, mfn);
            return r;
        }
    }
    *m = (struct grant_mapping){
        .granter = granter,
        .mfn = mfn.n,
        .ref = op->ref,
        .flags = op->flags & (GNTMAP_host_map | GNTMAP_device_map | GNTMAP_readonly | GNTMAP_contains_pte),
    };
    op->dev_bus_addr = mfn.n << PAGE_SHIFT;
    return GNTST_okay;
}

void grant_map(struct vcpu *v, struct gnttab_map_grant_ref *op)
{
    struct grant_table *t = v->domain->grants;
    if (!(op->flags & (GNTMAP_host_map | GNTMAP_device_map))) {
        op->status = GNTST_bad_gntref;
        return;
    }
    struct domain *granter = domain_get_by_id(op->dom);
    if (!granter) {
        op->status = GNTST_bad_domain;
        return;
    }
    grant_handle_t handle = mapping_alloc(t);
    int r = handle == GRANT_HANDLE_NONE ? GNTST_no_device_space : map_into(v, op, granter, mapping_of(t, handle));
    op->status = (int16_t)r;
    if (r == GNTST_okay) {
        op->handle = handle;
        mapping_set_live(mapping_of(t, handle));
        return; /* the mapping keeps the reference to the granter */
    }
    if (handle != GRANT_HANDLE_NONE)
        mapping_free(t, handle);
    domain_put(granter);
}

/* Removes the parts that op names. GNTST_*. The mapping is claimed, so it is ours alone. */
static int unmap_parts(struct vcpu *v, struct gnttab_unmap_grant_ref *op, uint64_t new_addr, struct grant_mapping *m)
{
    if (op->dev_bus_addr && op->dev_bus_addr != m->mfn << PAGE_SHIFT)
        return GNTST_bad_dev_addr;
    if (op->host_addr && (m->flags & GNTMAP_host_map)) {
        int r = v->domain->ops->grant_unmap_page(v, op->host_addr, new_addr, MFN(m->mfn), m->flags);
        if (r != GNTST_okay)
            return r;
        m->flags &= (uint16_t)~GNTMAP_host_map;
    }
    if (op->dev_bus_addr)
        m->flags &= (uint16_t)~GNTMAP_device_map;
    return GNTST_okay;
}

void grant_unmap_begin(struct vcpu *v, struct gnttab_unmap_grant_ref *op, uint64_t new_addr, struct grant_mapping *u)
{
    struct grant_table *t = v->domain->grants;
    struct grant_mapping *m = mapping_claim(t, op->handle);
    u->granter = NULL;
    if (!m) {
        op->status = GNTST_bad_handle;
        return;
    }
    op->status = (int16_t)unmap_parts(v, op, new_addr, m);
    if (op->status != GNTST_okay || (m->flags & (GNTMAP_host_map | GNTMAP_device_map))) {
        mapping_set_live(m);
        return;
    }
    *u = *m;
    mapping_free(t, op->handle);
}

void grant_unmap_finish(const struct grant_mapping *u)
{
    if (!u->granter)
        return;
    grant_use_end(u->granter, u->ref, u->flags & GNTMAP_readonly, MFN(u->mfn));
    domain_put(u->granter);
}

/* One side of a copy: a page, referenced for its direction. */
struct copy_side {
    struct domain *d; /* NULL: nothing is held */
    mfn_t mfn;
    bool by_grant, readonly;
    bool own; /* the caller's memory */
    grant_ref_t ref;
};

/* The caller's own page: what it granted to itself, or any by number. */
static int copy_side_get_own(struct vcpu *v, struct copy_side *s)
{
    int r = GNTST_okay;
    s->own = true;
    if (s->by_grant)
        r = grant_own_frame(v->domain, s->ref, s->readonly, &s->mfn);
    else if (!grant_frame_get(v->domain, s->mfn, s->readonly))
        r = GNTST_bad_page;
    if (r == GNTST_okay)
        s->d = v->domain;
    return r;
}

/* The domain of that number, looked up anew if *last is another; the reference is *last's. */
static struct domain *find_granter(struct domain **last, domid_t domid)
{
    if (*last && (*last)->id == domid)
        return *last;
    if (*last)
        domain_put(*last);
    *last = domain_get_by_id(domid);
    return *last;
}

static int copy_side_get(struct vcpu *v, struct copy_side *s, domid_t domid, uint64_t gmfn, struct domain **last)
{
    s->mfn = MFN(gmfn);
    if (domid == DOMID_SELF || (s->by_grant && domid == v->domain->id))
        return copy_side_get_own(v, s);
    /* Without a grant only one's own memory can be named (by frame number), not even by dom0 another's. */
    if (!s->by_grant)
        return GNTST_permission_denied;
    struct domain *d = find_granter(last, domid);
    if (!d)
        return GNTST_bad_domain;
    int r = grant_use_begin(d, s->ref, v->domain->id, s->readonly, &s->mfn);
    if (r == GNTST_okay)
        s->d = d;
    return r;
}

static void copy_side_put(struct copy_side *s)
{
    if (!s->d)
        return;
    if (s->own)
        grant_frame_put(s->d, s->mfn, s->readonly);
    else
        grant_use_end(s->d, s->ref, s->readonly, s->mfn);
}

void grant_copy(struct vcpu *v, struct gnttab_copy *op, struct domain *last[2])
{
    if (op->source.offset + op->len > PAGE_SIZE || op->dest.offset + op->len > PAGE_SIZE) {
        op->status = GNTST_bad_copy_arg;
        return;
    }
    struct copy_side src = {.by_grant = op->flags & GNTCOPY_source_gref, .readonly = true, .ref = op->source.u.ref};
    struct copy_side dst = {.by_grant = op->flags & GNTCOPY_dest_gref, .readonly = false, .ref = op->dest.u.ref};
    int r = copy_side_get(v, &src, op->source.domid, op->source.u.gmfn, &last[0]);
    if (r == GNTST_okay)
        r = copy_side_get(v, &dst, op->dest.domid, op->dest.u.gmfn, &last[1]);
    if (r == GNTST_okay)
        memcpy((char *)direct_map_mfn(dst.mfn) + op->dest.offset, (char *)direct_map_mfn(src.mfn) + op->source.offset,
               op->len);
    copy_side_put(&dst);
    copy_side_put(&src);
    op->status = (int16_t)r;
}

int grant_domain_release_maps(struct domain *d)
{
    struct grant_table *t = d->grants;
    if (!t)
        return 0;
    unsigned int budget = 1024;
    for (grant_handle_t handle = 0; t->mapped && handle / MAPPINGS_PER_PAGE < t->mapping_pages; handle++) {
        struct grant_mapping *m = mapping_claim(t, handle);
        if (!m)
            continue;
        grant_unmap_finish(m);
        mapping_free(t, handle);
        if (--budget == 0)
            return -ERESTART;
    }
    return 0;
}
