/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain grants. The table is an array of entries in frames that the domain maps and writes; it grows frame by
 * frame up to max_frames. Beside each entry lies our own count of its uses (grant/entry.h), which the domain cannot
 * touch.
 *
 * A use (a mapping by another domain, or a running copy) consists of the marked entry and one reference to the granted
 * frame: a writable type reference, or a plain one when read-only. Both are held to the end of the use, so a frame that
 * somebody maps for writing cannot become a page table, and cannot be reused after its owner gave it up or died.
 */
#include "grant/table.h"
#include "domain/domain.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/shared_frame.h"

#define ACTIVE_ORDER 1

_Static_assert(GRANT_ENTRIES_PER_FRAME * sizeof(struct grant_active) == PAGE_SIZE << ACTIVE_ORDER, "see ACTIVE_ORDER");

static grant_entry_v1_t *entry_of(const struct grant_table *t, grant_ref_t ref)
{
    return &t->shared[ref / GRANT_ENTRIES_PER_FRAME][ref % GRANT_ENTRIES_PER_FRAME];
}

static struct grant_active *active_of(const struct grant_table *t, grant_ref_t ref)
{
    return &t->active[ref / GRANT_ENTRIES_PER_FRAME][ref % GRANT_ENTRIES_PER_FRAME];
}

static bool ref_exists(const struct grant_table *t, grant_ref_t ref)
{
    return ref / GRANT_ENTRIES_PER_FRAME < t->frames;
}

/* Makes the table at least 'frames' long. Lock held. -EINVAL beyond the limit, -ENOMEM. */
static int table_grow(struct domain *d, unsigned int frames)
{
    struct grant_table *t = d->grants;
    if (frames > t->max_frames)
        return -EINVAL;
    while (t->frames < frames) {
        struct grant_active *active = heap_alloc_pages(ACTIVE_ORDER);
        struct frame *f = active ? shared_frame_alloc(d->id) : NULL;
        if (!f) {
            heap_free_pages(active, ACTIVE_ORDER);
            return -ENOMEM;
        }
        t->active[t->frames] = active;
        t->shared[t->frames] = direct_map_mfn(frame_mfn(f));
        t->frames++;
    }
    return 0;
}

int grant_domain_init(struct domain *d, unsigned int max_frames, unsigned int max_maptrack)
{
    struct grant_table *t = heap_alloc(sizeof(*t));
    if (!t)
        return -ENOMEM;
    spin_init(&t->lock, LOCK_LEVEL_GRANT);
    t->max_frames = max_frames;
    t->max_mapping_pages = max_maptrack;
    t->free_mapping = GRANT_HANDLE_NONE;
    t->shared = heap_alloc(max_frames * sizeof(*t->shared));
    t->active = heap_alloc(max_frames * sizeof(*t->active));
    t->mapping_page = heap_alloc(max_maptrack * sizeof(*t->mapping_page));
    d->grants = t;
    if (!t->shared || !t->active || !t->mapping_page || table_grow(d, MIN(1u, max_frames))) {
        grant_domain_free(d);
        return -ENOMEM;
    }
    return 0;
}

void grant_domain_free(struct domain *d)
{
    struct grant_table *t = d->grants;
    if (!t)
        return;
    ASSERT(t->mapped == 0);
    for (unsigned int i = 0; i < t->frames; i++) {
        shared_frame_free(frame_of(direct_map_to_mfn(t->shared[i])));
        heap_free_pages(t->active[i], ACTIVE_ORDER);
    }
    for (unsigned int i = 0; i < t->mapping_pages; i++)
        heap_free_pages(t->mapping_page[i], 0);
    heap_free(t->shared);
    heap_free(t->active);
    heap_free(t->mapping_page);
    heap_free(t);
    d->grants = NULL;
}

int grant_table_frame(struct domain *d, unsigned int index, mfn_t *mfn)
{
    struct grant_table *t = d->grants;
    if (index >= t->max_frames)
        return -EINVAL;
    spin_lock(&t->lock);
    int r = table_grow(d, index + 1);
    if (!r)
        *mfn = direct_map_to_mfn(t->shared[index]);
    spin_unlock(&t->lock);
    return r;
}

bool grant_frame_get(struct domain *d, mfn_t mfn, bool readonly)
{
    if (!frame_is_ram(mfn))
        return false;
    return readonly ? frame_get(frame_of(mfn), d->id) : d->ops->frame_get_writable(frame_of(mfn), d->id);
}

void grant_frame_put(struct domain *d, mfn_t mfn, bool readonly)
{
    if (readonly)
        frame_put(frame_of(mfn));
    else
        d->ops->frame_put_writable(frame_of(mfn));
}

int grant_use_begin(struct domain *granter, grant_ref_t ref, domid_t user, bool readonly, mfn_t *mfn)
{
    struct grant_table *t = granter->grants;
    spin_lock(&t->lock);
    int r = GNTST_bad_gntref;
    if (ref_exists(t, ref)) {
        r = grant_entry_begin(entry_of(t, ref), active_of(t, ref), user, readonly);
        if (r == GNTST_okay) {
            *mfn = MFN(active_of(t, ref)->frame);
            if (!grant_frame_get(granter, *mfn, readonly)) {
                grant_entry_end(entry_of(t, ref), active_of(t, ref), readonly);
                r = GNTST_bad_page;
            }
        }
    }
    spin_unlock(&t->lock);
    return r;
}

int grant_own_frame(struct domain *d, grant_ref_t ref, bool readonly, mfn_t *mfn)
{
    struct grant_table *t = d->grants;
    uint64_t frame = 0;
    int r = GNTST_bad_gntref;
    spin_lock(&t->lock);
    if (ref_exists(t, ref))
        r = grant_entry_look(entry_of(t, ref), d->id, readonly, &frame);
    spin_unlock(&t->lock);
    *mfn = MFN(frame);
    return r == GNTST_okay && !grant_frame_get(d, *mfn, readonly) ? GNTST_bad_page : r;
}

void grant_use_end(struct domain *granter, grant_ref_t ref, bool readonly, mfn_t mfn)
{
    struct grant_table *t = granter->grants;
    spin_lock(&t->lock);
    grant_entry_end(entry_of(t, ref), active_of(t, ref), readonly);
    spin_unlock(&t->lock);
    grant_frame_put(granter, mfn, readonly);
}

static int operand_domain(struct domain *caller, domid_t id, struct domain **d)
{
    int r = domain_get_operand(caller, id, d);
    return r == 0 ? GNTST_okay : r == -ESRCH ? GNTST_bad_domain : GNTST_permission_denied;
}

void grant_setup(struct domain *caller, struct gnttab_setup_table *op, uint64_t *frames)
{
    struct domain *d;
    op->status = (int16_t)operand_domain(caller, op->dom, &d);
    if (op->status != GNTST_okay)
        return;
    struct grant_table *t = d->grants;
    spin_lock(&t->lock);
    if (op->nr_frames > t->max_frames || table_grow(d, op->nr_frames))
        op->status = GNTST_general_error;
    else
        for (unsigned int i = 0; i < op->nr_frames; i++)
            frames[i] = direct_map_to_mfn(t->shared[i]).n;
    spin_unlock(&t->lock);
    domain_put(d);
}

void grant_query_size(struct domain *caller, struct gnttab_query_size *op)
{
    struct domain *d;
    op->status = (int16_t)operand_domain(caller, op->dom, &d);
    if (op->status != GNTST_okay)
        return;
    spin_lock(&d->grants->lock);
    op->nr_frames = d->grants->frames;
    op->max_nr_frames = d->grants->max_frames;
    spin_unlock(&d->grants->lock);
    domain_put(d);
}

void grant_swap(struct domain *caller, struct gnttab_swap_grant_ref *op)
{
    struct grant_table *t = caller->grants;
    spin_lock(&t->lock);
    if (!ref_exists(t, op->ref_a) || !ref_exists(t, op->ref_b)) {
        op->status = GNTST_bad_gntref;
    } else if (grant_active_in_use(active_of(t, op->ref_a)) || grant_active_in_use(active_of(t, op->ref_b))) {
        op->status = GNTST_eagain;
    } else {
        grant_entry_v1_t a = *entry_of(t, op->ref_a);
        *entry_of(t, op->ref_a) = *entry_of(t, op->ref_b);
        *entry_of(t, op->ref_b) = a;
        op->status = GNTST_okay;
    }
    spin_unlock(&t->lock);
}

static void count_user(struct haven_grant_users *users, domid_t domid)
{
    uint32_t i = 0;
    users->used++;
    while (i < users->count && users->user[i].domid != domid)
        i++;
    if (i == HAVEN_GRANT_USERS_MAX)
        return;
    if (i == users->count)
        users->user[users->count++].domid = domid;
    users->user[i].grants++;
}

void grant_count_users(struct domain *d, struct haven_grant_users *users)
{
    struct grant_table *t = d->grants;
    memset(users, 0, sizeof(*users));
    if (!t)
        return;
    spin_lock(&t->lock);
    for (grant_ref_t ref = 0; ref_exists(t, ref); ref++)
        if (grant_active_in_use(active_of(t, ref)))
            count_user(users, active_of(t, ref)->user);
    spin_unlock(&t->lock);
}

void grant_dump(struct domain *d)
{
    struct grant_table *t = d->grants;
    if (!t)
        return;
    spin_lock(&t->lock);
    uint64_t pages = t->frames * (1 + (1u << ACTIVE_ORDER)) + t->mapping_pages; /* kept until the domain's end */
    log_info("  d%u: %u of %u grant frames, %lu mappings of others' grants, %lu KiB kept for both", d->id, t->frames,
             t->max_frames, t->mapped, pages * (PAGE_SIZE / 1024));
    for (grant_ref_t ref = 0; ref_exists(t, ref); ref++) {
        const struct grant_active *a = active_of(t, ref);
        if (grant_active_in_use(a))
            log_info("    ref %u: frame %lx used by d%u, %u readers %u writers", ref, a->frame, a->user, a->readers,
                     a->writers);
    }
    spin_unlock(&t->lock);
}
