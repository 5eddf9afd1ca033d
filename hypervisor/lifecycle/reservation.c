/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's memory.
 *
 * tot_pages counts the frames of state domain that d owns; all of them are on its page list. A frame leaves the list
 * when its last reference goes (frame_released), which is often not when d gives it up: a mapping, a pin, a grant or a
 * foreign map may hold it longer. d->pages_lock guards list and counts.
 *
 * Claims. The toolstack reserves a number of frames for a domain that it is about to fill, so that it fails early or
 * not at all. 'claimed' sums what all domains still have outstanding, and what allocations in flight are about to take:
 * an allocation that is not covered by its domain's own claim only goes ahead while at least 'claimed' frames are free.
 *
 * Withheld frames (exchange) have refs 0 but stay on the list: nobody can take a reference, so they are the exchanger's
 * alone. Whoever ends that looks at d->dying under pages_lock, since a domain that died meanwhile waits for them.
 *
 * A dying domain's frames that others still map stay on its list, and the domain with them, until the last user lets
 * go: so its number is not given to another meanwhile, and the tools see who waits for whom.
 */
#include "lifecycle/reservation.h"
#include "domain/vcpu.h"
#include "irq/softirq.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/log.h"
#include "mm/buddy.h"
#include "mm/m2p.h"
#include "time/clock.h"

#define RELINQUISH_BUDGET 1024 /* frames per call */

static uint64_t claimed; /* atomic */

static void list_drop(struct domain *d, struct frame *f)
{
    frame_list_remove(&d->pages, f);
    d->tot_pages--;
}

/* Nothing refers to the frame any more. */
static void release_domain_frame(struct domain *d, struct frame *f)
{
    spin_lock(&d->pages_lock);
    list_drop(d, f);
    bool last = d->dying == DOMAIN_DEAD && !d->pages.count;
    spin_unlock(&d->pages_lock);
    m2p_set(frame_mfn(f), M2P_INVALID_ENTRY);
    buddy_free(f, 0, true);
    if (unlikely(last))
        softirq_raise(SOFTIRQ_DOMAIN_END);
}

static void released(struct frame *f)
{
    domid_t owner = f->owner;

    if (f->state == FRAME_SHARED) {
        m2p_set(frame_mfn(f), M2P_INVALID_ENTRY);
        buddy_free(f, 0, true);
        return;
    }

    ASSERT(f->state == FRAME_DOMAIN);
    struct domain *d = current->domain;
    if (likely(d->id == owner)) {
        release_domain_frame(d, f);
        return;
    }
    /* A dead domain too is on the list while there are frames on its own. */
    d = domain_next(owner);
    ASSERT(d && d->id == owner);
    release_domain_frame(d, f);
    domain_put(d);
}

static size_t name_current(char *buf, size_t size)
{
    struct vcpu *v = current;

    if (!v || !v->domain)
        return (size_t)format_string(buf, size, "boot");
    int n = format_string(buf, size, "d%uv%d", v->domain->id, v->id);
    return MIN((size_t)n, size - 1);
}

void __init reservation_init(void)
{
    frame_released = released;
    log_guest_name = name_current;
    log_clock = clock_now;
}

void reservation_domain_init(struct domain *d)
{
    spin_init(&d->pages_lock, LOCK_LEVEL_PAGES);
    d->relinquish_left = ~0ULL;
    d->tot_pages = d->outstanding_pages = 0;
}

/*
 * Counts n frames as d's before they are there, so that two allocations cannot pass its limit together. *covered: how
 * many come out of d's own claim.
 */
static bool reserve(struct domain *d, uint64_t n, uint64_t *covered)
{
    spin_lock(&d->pages_lock);
    bool ok = d->dying == DOMAIN_ALIVE && d->tot_pages <= d->max_pages && n <= d->max_pages - d->tot_pages;
    *covered = ok ? MIN(n, d->outstanding_pages) : 0;
    if (ok) {
        d->tot_pages += n;
        d->outstanding_pages -= *covered;
    }
    spin_unlock(&d->pages_lock);
    return ok;
}

/* Contents to be cleared for d: its own control domain need not wait for memory that nobody used before. */
static enum buddy_clear clear_for(const struct domain *d)
{
    return d->privileged ? BUDDY_CLEAR_DIRTY : BUDDY_CLEAR_ALL;
}

/* A block if claims of others leave it; 'covered' frames of it are in 'claimed' already. */
static struct frame *take_block(struct domain *d, unsigned int order, unsigned int addr_bits, uint64_t covered)
{
    uint64_t n = 1ULL << order, more = n - covered;
    struct frame *f = NULL;

    if (__atomic_add_fetch(&claimed, more, __ATOMIC_SEQ_CST) <= buddy_free_frames())
        f = buddy_alloc_clear(order, addr_bits, clear_for(d));
    __atomic_sub_fetch(&claimed, f ? n : more, __ATOMIC_SEQ_CST);
    return f;
}

/* pages_lock is held. From the store of refs on, others may take references. */
static void assign_block(struct domain *d, struct frame *f, unsigned int order)
{
    for (uint64_t i = 0; i < 1ULL << order; i++) {
        f[i].type = TYPE_NONE;
        f[i].owner = d->id;
        f[i].state = FRAME_DOMAIN;
        frame_list_add_tail(&d->pages, &f[i]);
        __atomic_store_n(&f[i].refs, FRAME_ALLOCATED | 1, __ATOMIC_RELEASE);
    }
}

struct frame *reservation_alloc(struct domain *d, unsigned int order, unsigned int addr_bits)
{
    uint64_t n = 1ULL << order, covered;

    if (!reserve(d, n, &covered))
        return NULL;
    struct frame *f = take_block(d, order, addr_bits, covered);

    spin_lock(&d->pages_lock);
    bool dying = d->dying != DOMAIN_ALIVE;
    if (f && !dying) {
        assign_block(d, f, order);
        spin_unlock(&d->pages_lock);
        return f;
    }
    d->tot_pages -= n;
    if (!f && !dying)
        d->outstanding_pages += covered;
    spin_unlock(&d->pages_lock);

    if (!f && dying)
        __atomic_sub_fetch(&claimed, covered, __ATOMIC_SEQ_CST);
    if (f)
        buddy_free(f, order, false);
    return NULL;
}

int reservation_give_up(struct domain *d, mfn_t mfn)
{
    if (!frame_exists(mfn))
        return -EINVAL;

    struct frame *f = frame_of(mfn);
    if (!frame_get(f, d->id))
        return -EINVAL;
    bool gone = frame_drop_allocated(f); /* shared frames have no such claim: refused */
    frame_put(f);
    return gone ? 0 : -EINVAL;
}

int reservation_set_max(struct domain *d, uint64_t pages)
{
    spin_lock(&d->pages_lock);
    d->max_pages = pages;
    d->maximum_reservation = pages;
    spin_unlock(&d->pages_lock);
    return 0;
}

int reservation_claim(struct domain *d, uint64_t pages)
{
    int error = 0;

    spin_lock(&d->pages_lock);
    if (!pages) {
        __atomic_sub_fetch(&claimed, d->outstanding_pages, __ATOMIC_SEQ_CST);
        d->outstanding_pages = 0;
    } else if (d->dying != DOMAIN_ALIVE || d->outstanding_pages || pages > d->max_pages || pages <= d->tot_pages) {
        error = -EINVAL;
    } else {
        uint64_t more = pages - d->tot_pages;

        if (more > buddy_free_frames()) { /* beyond all reason: the sum could wrap */
            error = -ENOMEM;
        } else if (__atomic_add_fetch(&claimed, more, __ATOMIC_SEQ_CST) <= buddy_free_frames()) {
            d->outstanding_pages = more;
        } else {
            __atomic_sub_fetch(&claimed, more, __ATOMIC_SEQ_CST);
            error = -ENOMEM;
        }
    }
    spin_unlock(&d->pages_lock);
    return error;
}

/* The reference taken first keeps the frame from changing hands while its count is looked at. */
bool reservation_withhold(struct domain *d, mfn_t mfn)
{
    if (!frame_exists(mfn))
        return false;

    struct frame *f = frame_of(mfn);
    uint32_t only = FRAME_ALLOCATED | 2;
    if (!frame_get(f, d->id))
        return false;
    if (__atomic_compare_exchange_n(&f->refs, &only, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return true;
    frame_put(f);
    return false;
}

void reservation_restore(struct domain *d, mfn_t mfn)
{
    struct frame *f = frame_of(mfn);

    spin_lock(&d->pages_lock);
    bool dying = d->dying != DOMAIN_ALIVE;
    if (!dying)
        __atomic_store_n(&f->refs, FRAME_ALLOCATED | 1, __ATOMIC_RELEASE);
    spin_unlock(&d->pages_lock);
    if (dying)
        release_domain_frame(d, f);
}

struct frame *reservation_alloc_unassigned(struct domain *d, unsigned int order, unsigned int addr_bits)
{
    return take_block(d, order, addr_bits, 0);
}

void reservation_free_unassigned(struct frame *f, unsigned int order)
{
    buddy_free(f, order, false);
}

int reservation_replace(struct domain *d, const uint64_t *old, struct frame **fresh, unsigned int order, uint64_t count)
{
    spin_lock(&d->pages_lock);
    if (d->dying != DOMAIN_ALIVE) {
        spin_unlock(&d->pages_lock);
        return -ESRCH;
    }
    for (uint64_t i = 0; i < count; i++)
        frame_list_remove(&d->pages, frame_of(MFN(old[i])));
    for (uint64_t i = 0; i < count >> order; i++)
        assign_block(d, fresh[i], order);
    spin_unlock(&d->pages_lock);

    for (uint64_t i = 0; i < count; i++) {
        m2p_set(MFN(old[i]), M2P_INVALID_ENTRY);
        buddy_free(frame_of(MFN(old[i])), 0, true);
    }
    return 0;
}

/*
 * Takes the next frame that the domain has not given up yet to the end of its list. pages_lock is held. *held: with a
 * reference; one that is withheld, or just being released elsewhere, needs nothing.
 */
static struct frame *relinquish_next(struct domain *d, bool *held)
{
    if (d->relinquish_left == ~0ULL)
        d->relinquish_left = d->pages.count;

    struct frame *f = d->relinquish_left ? frame_list_first(&d->pages) : NULL;
    if (!f)
        return NULL;
    d->relinquish_left--;
    frame_list_remove(&d->pages, f);
    frame_list_add_tail(&d->pages, f);
    *held = frame_get_again(f);
    return f;
}

int reservation_relinquish(struct domain *d)
{
    ASSERT(d->dying != DOMAIN_ALIVE);
    reservation_claim(d, 0);
    for (unsigned int budget = RELINQUISH_BUDGET; budget; budget--) {
        bool held = false;

        spin_lock(&d->pages_lock);
        struct frame *f = relinquish_next(d, &held);
        spin_unlock(&d->pages_lock);
        if (!f)
            return 0;
        if (held) {
            frame_drop_allocated(f);
            frame_put(f);
        }
    }
    return -ERESTART;
}

bool reservation_set_dead(struct domain *d)
{
    spin_lock(&d->pages_lock);
    d->dying = DOMAIN_DEAD;
    bool gone = !d->pages.count;
    spin_unlock(&d->pages_lock);
    return gone;
}

uint64_t reservation_claimed(void)
{
    return __atomic_load_n(&claimed, __ATOMIC_RELAXED);
}
