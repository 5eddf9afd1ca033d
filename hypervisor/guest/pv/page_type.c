/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page types.
 *
 * A PV guest's page tables are the ones that the CPU walks. So a frame must never be a page table (or a descriptor
 * table) and writable by the guest at the same time, and all that a table holds must have been checked. Each frame has
 * one type and a count of its uses as that type:
 *
 *   none (0) <-> writable (n)                    cmpxchg, no lock
 *   none -> partial L1..L4, DESC -> validated (n)     promotion: each entry is checked and takes its references
 *   validated (n) -> partial -> none                  demotion: each entry gives its references back
 *
 * The table and descriptor types change from and to zero under the owner's page_table_lock only; counts above zero of a
 * validated frame may change without it. Types are given up at once when the count reaches zero.
 *
 * A present entry of an L1 table holds references as pte_reference.h says; one of a higher table holds a reference of
 * the type of the next level on a frame of the same owner. Levels fall strictly, so tables form no cycles, and depth is
 * bounded by four.
 *
 * Long work. An L4 table can stand for millions of entries. Promotion and demotion spend a budget and stop with
 * -ERESTART when it is used up. What was done is in the frame: "partial" is type T, TYPE_PARTIAL, count zero; the
 * entries below 'progress' hold their references, the others none; the frame holds one general reference of its own so
 * that it cannot be given away. A partial frame belongs to nobody: whoever wants type T goes on promoting it, whoever
 * wants it gone (page_type_finish) goes on demoting it, and either may again stop half-way. Whoever wants another type
 * is refused: the frame may be one that this very call works on, further up. If work stopped inside the table that
 * entry 'progress' names, then that table is partial too, and nothing refers to it; demotion of the upper one looks
 * there first.
 *
 * Failed promotion is demotion of what was done so far, and may end partial as well.
 *
 * TLBs. A CPU may have cached a translation through an entry that is gone. frame.tlb_time is the TLB clock at the end
 * of the last type; a frame gets a new type only after all CPUs that may hold something from before have flushed: a
 * frame that was writable could still be written while it is a table; a frame that was a table (TYPE_WAS_TABLE)
 * could still be walked while the guest writes it. The bits below TYPE_WAS_TABLE then hold part of the clock, so that
 * the compare-and-exchange after the flush cannot take a later demotion for the one that it flushed for. For the same
 * reason the word of a writable frame counts the references ever taken (WRITABLE_STEP): who drops the last one stamps
 * first, and must notice if meanwhile another one came and went, whose translation is younger than the stamp.
 */
#include "guest/pv/page_type.h"
#include "guest/pv/descriptor_tables.h"
#include "guest/pv/pte_check.h"
#include "guest/pv/pte_reference.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "mm/hv_map.h"
#include "mm/tlb.h"

/* In entries looked at. About a tenth of a millisecond; enough for one table of each level in any case. */
#define TYPE_BUDGET 8192

#ifdef HAVEN_HOSTED
extern long page_type_budget; /* a test makes work stop where it likes */
#undef TYPE_BUDGET
#define TYPE_BUDGET page_type_budget
#endif

struct type_work {
    struct domain *d;
    long budget;
};

#define WAS_TABLE_STAMP_SHIFT 32
#define WAS_TABLE_STAMP_MASK  (0xffffffULL << WAS_TABLE_STAMP_SHIFT)

/* One more reference of a writable frame: to the count, and to the number ever taken in the bits above it. */
#define WRITABLE_STEP ((1ULL << 32) + 1)
#define WRITABLE_TOP  56 /* type and flags are above */

static int demote(struct type_work *w, struct frame *f);

static inline uint64_t type_load(const struct frame *f)
{
    return __atomic_load_n(&f->type, __ATOMIC_ACQUIRE);
}

static inline bool type_exchange(struct frame *f, uint64_t *expected, uint64_t desired)
{
    return __atomic_compare_exchange_n(&f->type, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
}

static inline struct type_work work_begin(struct domain *d, bool preemptible)
{
    return (struct type_work){d, preemptible ? TYPE_BUDGET : __LONG_MAX__};
}

static inline uint64_t partial_word(uint64_t type, unsigned int progress)
{
    return type | TYPE_PARTIAL | (uint64_t)progress << TYPE_PROGRESS_SHIFT;
}

static inline unsigned int progress_of(uint64_t x)
{
    return (x & TYPE_PROGRESS_MASK) >> TYPE_PROGRESS_SHIFT;
}

static inline void set_progress(struct frame *f, uint64_t type, unsigned int progress)
{
    __atomic_store_n(&f->type, partial_word(type, progress), __ATOMIC_RELEASE);
}

static void flush_stale(const struct frame *f, cpumask_t cpus)
{
    cpus = tlb_filter(cpus, __atomic_load_n(&f->tlb_time, __ATOMIC_RELAXED));
    if (cpus)
        tlb_flush_mask(cpus, TLB_ALL);
}

void page_type_flush_ahead(const struct domain *d, mfn_t mfn)
{
    if (!frame_exists(mfn))
        return;
    const struct frame *f = frame_of(mfn);
    uint64_t x = type_load(f);
    if (f->owner == d->id && (x & TYPE_MASK) == TYPE_NONE)
        flush_stale(f, __atomic_load_n(x & TYPE_WAS_TABLE ? &cpu_online : &d->dirty_cpus, __ATOMIC_RELAXED));
}

/* The type ends now. Stamped before the word changes: a stamp that is too early in the clock would save a needed flush.
 */
static inline void stamp(struct frame *f)
{
    __atomic_store_n(&f->tlb_time, tlb_clock_now(), __ATOMIC_SEQ_CST);
}

/* ---- writable ---- */

/*
 * These are the most frequent operations of all (each change of a mapping is one of each), so what is common stands
 * first and needs no other function.
 */

/* Not the common case: counts about to overflow, another type, or a table before. */
static __attribute__((noinline)) bool writable_acquire_slow(struct frame *f)
{
    uint64_t x = type_load(f), next;

    do {
        if ((x & TYPE_MASK) == TYPE_WRITABLE) {
            if ((x & TYPE_COUNT_MASK) >= INT32_MAX)
                return false;
            next = (x + WRITABLE_STEP) & ~(1ULL << WRITABLE_TOP); /* the number taken may wrap */
        } else if ((x & TYPE_MASK) == TYPE_NONE) {
            if (x & TYPE_WAS_TABLE)
                flush_stale(f, __atomic_load_n(&cpu_online, __ATOMIC_RELAXED));
            next = TYPE_WRITABLE | 1;
        } else {
            return false;
        }
    } while (!type_exchange(f, &x, next));
    return true;
}

/* The type reference alone. A word of type writable has no flags. */
static inline bool writable_acquire(struct frame *f)
{
    uint64_t x = type_load(f);
    uint64_t next = x ? x + WRITABLE_STEP : TYPE_WRITABLE | 1;

    if (likely(next >> WRITABLE_TOP == TYPE_WRITABLE >> WRITABLE_TOP) && likely((int32_t)next > 0) &&
        likely(type_exchange(f, &x, next)))
        return true;
    return writable_acquire_slow(f);
}

bool page_type_get_writable(struct frame *f, domid_t owner)
{
    if (unlikely(owner == DOMID_XEN) || unlikely(!frame_get(f, owner)))
        return false;
    if (likely(writable_acquire(f)))
        return true;
    frame_put(f);
    return false;
}

static inline void writable_release(struct frame *f)
{
    uint64_t x = type_load(f), next;

    do {
        next = x - 1;
        ASSERT(x >> WRITABLE_TOP == TYPE_WRITABLE >> WRITABLE_TOP && (uint32_t)x);
        if (!(uint32_t)next) {
            stamp(f);
            next = TYPE_NONE;
        }
    } while (unlikely(!type_exchange(f, &x, next)));
}

void page_type_drop_writable(struct frame *f)
{
    writable_release(f);
}

void page_type_put_writable(struct frame *f)
{
    writable_release(f);
    frame_put(f);
}

/* ---- promotion ---- */

static int type_acquire(struct type_work *w, struct frame *f, uint64_t type);

static inline bool is_table_type(uint64_t type)
{
    return type >= TYPE_L1 && type <= TYPE_L4;
}

/* A frame of d that may have a table or descriptor type, with a general reference; NULL: none. */
static inline struct frame *typed_frame_get(struct domain *d, mfn_t mfn)
{
    if (unlikely(!frame_exists(mfn)))
        return NULL;
    struct frame *f = frame_of(mfn);
    if (unlikely(!frame_get(f, d->id)))
        return NULL;
    if (likely(f->state == FRAME_DOMAIN))
        return f;
    frame_put(f);
    return NULL;
}

/* The first present entry from i on; PTE_ENTRIES: none. By eights, since most tables are mostly empty. */
static inline unsigned int next_present(const pte_t *t, unsigned int i)
{
    for (; i < PTE_ENTRIES; i++) {
        while (!(i & 7) &&
               !((t[i] | t[i + 1] | t[i + 2] | t[i + 3] | t[i + 4] | t[i + 5] | t[i + 6] | t[i + 7]) & PTE_PRESENT)) {
            i += 8;
            if (i == PTE_ENTRIES)
                return i;
        }
        if (t[i] & PTE_PRESENT)
            break;
    }
    return i;
}

static int promote_l1(struct type_work *w, struct frame *f, unsigned int first)
{
    pte_t *table = direct_map_mfn(frame_mfn(f));
    bool cacheability = pte_reference_cacheability(w->d);

    if (w->budget <= 0)
        return -ERESTART;
    w->budget -= PTE_ENTRIES;
    for (unsigned int i = next_present(table, first); i < PTE_ENTRIES; i = next_present(table, i + 1)) {
        pte_t e = table[i];
        int rc = pte_check_flags(1, e, cacheability) ? 0 : -EINVAL;
        e = pte_check_hardware(e);
        if (!rc)
            rc = pte_reference_get(w->d, w->d, &e);
        if (rc) {
            log_guest("L1 table %lx: entry %u (%lx) refused\n", (unsigned long)frame_mfn(f).n, i,
                      (unsigned long)table[i]);
            set_progress(f, TYPE_L1, i);
            return rc;
        }
        if (e != table[i])
            pte_write(&table[i], e);
    }
    return 0;
}

/* The reference that an entry of a table of 'level' takes of the next table. */
static int upper_get(struct type_work *w, pte_t e, unsigned int level)
{
    if (!pte_check_flags(level, e, false))
        return -EINVAL;
    struct frame *next = typed_frame_get(w->d, pte_mfn(e));
    if (!next)
        return -EINVAL;
    int rc = type_acquire(w, next, page_type_of_level(level - 1));
    if (rc)
        frame_put(next);
    return rc;
}

static int promote_upper(struct type_work *w, struct frame *f, unsigned int level, unsigned int first)
{
    pte_t *table = direct_map_mfn(frame_mfn(f));
    uint64_t type = page_type_of_level(level);

    for (unsigned int i = first; i < PTE_ENTRIES; i++) {
        pte_t e = table[i];
        int rc = 0;
        if (level == 4 && pte_check_hypervisor_slot(i))
            continue;
        if (w->budget-- <= 0)
            rc = -ERESTART;
        else if (!(e & PTE_PRESENT))
            continue;
        else
            rc = upper_get(w, e, level);
        if (rc) {
            if (rc != -ERESTART)
                log_guest("L%u table %lx: entry %u (%lx) refused\n", level, (unsigned long)frame_mfn(f).n, i,
                          (unsigned long)e);
            set_progress(f, type, i);
            return rc;
        }
        if (pte_check_hardware(e) != e)
            pte_write(&table[i], pte_check_hardware(e));
    }
    if (level == 4)
        hv_map_fill_slots(table);
    return 0;
}

static int promote_descriptors(struct frame *f)
{
    uint64_t *table = direct_map_mfn(frame_mfn(f));

    for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*table); i++) {
        uint64_t descriptor = table[i];
        if (!descriptor_check(&descriptor)) {
            log_guest("descriptor page %lx: entry %u (%lx) refused\n", (unsigned long)frame_mfn(f).n, i,
                      (unsigned long)descriptor);
            set_progress(f, TYPE_DESC, 0);
            return -EINVAL;
        }
        if (descriptor != table[i])
            pte_write(&table[i], descriptor);
    }
    return 0;
}

/* f is partial. Afterwards still, or (0) every entry holds what it must. */
static int promote(struct type_work *w, struct frame *f, uint64_t type)
{
    unsigned int first = progress_of(type_load(f));

    if (type == TYPE_DESC)
        return promote_descriptors(f);
    if (type != TYPE_L1)
        return promote_upper(w, f, (unsigned int)(type >> 60), first);
    return promote_l1(w, f, first);
}

/* none -> partial with nothing done. False: the frame is not of type none any more, *x says what it is. */
static bool claim(struct type_work *w, struct frame *f, uint64_t *x, uint64_t type)
{
    if (!type_exchange(f, x, partial_word(type, 0)))
        return false;
    flush_stale(f, __atomic_load_n(&w->d->dirty_cpus, __ATOMIC_RELAXED));
    return true;
}

/* The type reference alone; locked; the caller holds a general reference. */
static int type_acquire(struct type_work *w, struct frame *f, uint64_t type)
{
    uint64_t x = type_load(f);

    for (;;) {
        if (likely((x & (TYPE_MASK | TYPE_VALIDATED)) == (type | TYPE_VALIDATED))) {
            if (unlikely((x & TYPE_COUNT_MASK) == TYPE_COUNT_MASK))
                return -EINVAL;
            if (likely(type_exchange(f, &x, x + 1)))
                return 0;
        } else if ((x & (TYPE_MASK | TYPE_PARTIAL)) == (type | TYPE_PARTIAL)) {
            break;
        } else if ((x & TYPE_MASK) != TYPE_NONE) {
            return -EINVAL;
        } else {
            if (!frame_get_again(f)) /* the partial state's own */
                return -EINVAL;
            if (claim(w, f, &x, type))
                break;
            frame_put(f);
        }
    }

    int rc = promote(w, f, type);
    if (!rc) {
        __atomic_store_n(&f->type, type | TYPE_VALIDATED | 1, __ATOMIC_RELEASE);
        frame_put(f);
    } else if (rc != -ERESTART) {
        (void)demote(w, f); /* may stay partial: page_type_unfinished */
    }
    return rc;
}

/* ---- demotion ---- */

/* The type reference and the general one; locked. -ERESTART: they are gone, but f is now partial. */
static int type_release(struct type_work *w, struct frame *f)
{
    uint64_t x = type_load(f);

    for (;;) {
        ASSERT((x & TYPE_VALIDATED) && (x & TYPE_COUNT_MASK));
        if ((x & TYPE_COUNT_MASK) > 1) {
            if (likely(type_exchange(f, &x, x - 1))) {
                frame_put(f);
                return 0;
            }
            continue;
        }
        ASSERT(!(x & TYPE_PINNED));
        /* The general reference becomes the partial state's own. */
        if (type_exchange(f, &x, partial_word(x & TYPE_MASK, PTE_ENTRIES)))
            return demote(w, f);
    }
}

/* If work stopped inside the table that this entry names, it is partial and nobody's: goes with the upper one. */
static int demote_stopped(struct type_work *w, pte_t e, unsigned int level)
{
    if (!(e & PTE_PRESENT))
        return 0;
    struct frame *next = typed_frame_get(w->d, pte_mfn(e));
    if (!next)
        return 0;
    uint64_t x = type_load(next);
    int rc = 0;
    if ((x & TYPE_PARTIAL) && (x & TYPE_MASK) == page_type_of_level(level - 1))
        rc = demote(w, next);
    frame_put(next);
    return rc;
}

static int demote_upper(struct type_work *w, struct frame *f, unsigned int level, unsigned int progress)
{
    const pte_t *table = direct_map_mfn(frame_mfn(f));

    if (progress < PTE_ENTRIES && !(level == 4 && pte_check_hypervisor_slot(progress))) {
        int rc = demote_stopped(w, pte_read(&table[progress]), level);
        if (rc)
            return rc;
    }
    while (progress) {
        unsigned int i = progress - 1;
        pte_t e = pte_read(&table[i]);
        if (w->budget-- <= 0) {
            set_progress(f, page_type_of_level(level), progress);
            return -ERESTART;
        }
        progress = i;
        if (!(e & PTE_PRESENT) || (level == 4 && pte_check_hypervisor_slot(i)))
            continue;
        if (type_release(w, frame_of(pte_mfn(e))) == -ERESTART) {
            set_progress(f, page_type_of_level(level), progress);
            return -ERESTART;
        }
    }
    return 0;
}

static int demote_l1(struct type_work *w, struct frame *f, unsigned int progress)
{
    const pte_t *table = direct_map_mfn(frame_mfn(f));

    if (w->budget <= 0)
        return -ERESTART;
    w->budget -= PTE_ENTRIES;
    for (unsigned int i = next_present(table, 0); i < progress; i = next_present(table, i + 1))
        pte_reference_put(pte_read(&table[i]));
    return 0;
}

/* f is partial. Afterwards still (-ERESTART), or of type none, and its own general reference is gone. */
static int demote(struct type_work *w, struct frame *f)
{
    uint64_t x = type_load(f);
    unsigned int level = (unsigned int)(x >> 60);
    int rc = 0;

    ASSERT(x & TYPE_PARTIAL);
    if (level == 1)
        rc = demote_l1(w, f, progress_of(x));
    else if (level <= 4)
        rc = demote_upper(w, f, level, progress_of(x));
    if (rc)
        return rc;
    stamp(f);
    x = TYPE_NONE | TYPE_WAS_TABLE | (f->tlb_time << WAS_TABLE_STAMP_SHIFT & WAS_TABLE_STAMP_MASK);
    __atomic_store_n(&f->type, x, __ATOMIC_RELEASE);
    frame_put(f);
    return 0;
}

/* ---- what others call ---- */

int page_type_get(struct domain *d, mfn_t mfn, uint64_t type, bool preemptible)
{
    struct type_work w = work_begin(d, preemptible);

    ASSERT(is_table_type(type) || type == TYPE_DESC);
    struct frame *f = typed_frame_get(d, mfn);
    if (!f)
        return -EINVAL;
    int rc = type_acquire(&w, f, type);
    if (rc)
        frame_put(f);
    return rc;
}

int page_type_put(struct domain *d, struct frame *f, bool preemptible)
{
    struct type_work w = work_begin(d, preemptible);

    return type_release(&w, f);
}

bool page_type_get_shared(struct domain *d, mfn_t mfn, uint64_t type)
{
    struct frame *f = typed_frame_get(d, mfn);
    if (!f)
        return false;
    uint64_t x = type_load(f);
    while ((x & (TYPE_MASK | TYPE_VALIDATED)) == (type | TYPE_VALIDATED) && (x & TYPE_COUNT_MASK) != TYPE_COUNT_MASK) {
        if (type_exchange(f, &x, x + 1))
            return true;
    }
    frame_put(f);
    return false;
}

bool page_type_put_shared(struct frame *f)
{
    uint64_t x = type_load(f);

    while ((x & TYPE_COUNT_MASK) > 1) {
        if (type_exchange(f, &x, x - 1)) {
            frame_put(f);
            return true;
        }
    }
    return false;
}

int page_type_pin(struct domain *d, mfn_t mfn, uint64_t type)
{
    /* A dying domain's frames have been looked through for pins, or will be: no new ones behind that. */
    if (d->dying != DOMAIN_ALIVE)
        return -EINVAL;
    int rc = page_type_get(d, mfn, type, true);
    if (rc)
        return rc;
    struct frame *f = frame_of(mfn);
    if (__atomic_fetch_or(&f->type, TYPE_PINNED, __ATOMIC_SEQ_CST) & TYPE_PINNED) {
        (void)page_type_put(d, f, false); /* not the last: the pin holds one */
        return -EINVAL;
    }
    return 0;
}

/* Locked; the caller holds a general reference. */
static int unpin(struct type_work *w, struct frame *f)
{
    uint64_t x = type_load(f);

    if (!(x & TYPE_PINNED))
        return -EINVAL;
    __atomic_fetch_and(&f->type, ~TYPE_PINNED, __ATOMIC_SEQ_CST);
    return type_release(w, f);
}

int page_type_unpin(struct domain *d, mfn_t mfn)
{
    struct type_work w = work_begin(d, true);
    struct frame *f = typed_frame_get(d, mfn);

    if (!f)
        return -EINVAL;
    int rc = unpin(&w, f);
    frame_put(f);
    return rc;
}

bool page_type_unfinished(struct domain *d, mfn_t mfn)
{
    return frame_exists(mfn) && frame_of(mfn)->owner == d->id && (type_load(frame_of(mfn)) & TYPE_PARTIAL);
}

int page_type_finish(struct domain *d, mfn_t mfn)
{
    struct type_work w = work_begin(d, true);
    struct frame *f = typed_frame_get(d, mfn);
    int rc = 0;

    if (!f)
        return 0;
    spin_lock(&d->page_table_lock);
    if (type_load(f) & TYPE_PARTIAL)
        rc = demote(&w, f);
    spin_unlock(&d->page_table_lock);
    frame_put(f);
    return rc;
}

/* Locked. Unpins f, and finishes it if it is partial. */
static int relinquish_frame(struct type_work *w, mfn_t mfn)
{
    struct frame *f = typed_frame_get(w->d, mfn);
    int rc = 0;

    if (!f)
        return 0;
    if (type_load(f) & TYPE_PINNED)
        rc = unpin(w, f);
    else if (type_load(f) & TYPE_PARTIAL)
        rc = demote(w, f);
    frame_put(f);
    return rc;
}

/*
 * By frame numbers, not along the domain's list: demotion may give frames back, and the place must be kept across
 * calls. A pin that page_type_pin sets before this holds the lock is seen; after, d->dying keeps it out.
 */
int page_type_relinquish(struct domain *d)
{
    struct type_work w = work_begin(d, true);
    int rc = 0;

    for (unsigned int steps = 0; !rc && d->type_relinquish_next < frame_table_max; steps++) {
        if (steps == 64)
            return -ERESTART;
        spin_lock(&d->page_table_lock);
        for (unsigned int i = 0; i < 1024 && d->type_relinquish_next < frame_table_max; i++) {
            const struct frame *f = frame_of(MFN(d->type_relinquish_next));
            if (f->owner == d->id && f->state == FRAME_DOMAIN && (type_load(f) & (TYPE_PINNED | TYPE_PARTIAL))) {
                rc = relinquish_frame(&w, MFN(d->type_relinquish_next));
                if (rc)
                    break;
            }
            d->type_relinquish_next++;
        }
        spin_unlock(&d->page_table_lock);
    }
    return rc;
}

void page_type_dump(struct domain *d)
{
    static const char *const name[8] = {"none", "L1", "L2", "L3", "L4", "descriptors", "?", "writable"};
    uint64_t frames[8] = {0}, pinned = 0, partial = 0;

    for (uint64_t n = 0; n < frame_table_max; n++) {
        const struct frame *f = frame_of(MFN(n));
        if (f->owner != d->id || f->state != FRAME_DOMAIN)
            continue;
        uint64_t x = type_load(f);
        frames[x >> 60 & 7]++;
        pinned += x & TYPE_PINNED ? 1 : 0;
        partial += x & TYPE_PARTIAL ? 1 : 0;
    }
    for (unsigned int i = 0; i < 8; i++)
        if (frames[i])
            log_info("  %s: %lu frames\n", name[i], (unsigned long)frames[i]);
    log_info("  pinned: %lu, partial: %lu\n", (unsigned long)pinned, (unsigned long)partial);
}
