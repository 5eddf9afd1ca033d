/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame table: 32 bytes for each machine frame up to the highest RAM address. A frame has a state, an owner, a
 * count of references and a type word.
 *
 *   free ------> hypervisor         memory of the hypervisor itself (heap, tables); owner DOMID_XEN
 *     |--------> domain             a domain's memory: on its page list; refs = FRAME_ALLOCATED | 1 + users
 *     |--------> shared             hypervisor memory that one domain may map (shared_info, grant frames); owner that
 *                                   domain, not on its list; refs = 1 + users, FRAME_ALLOCATED never set. The frames
 *                                   of the machine-to-physical table are of this kind with owner DOMID_XEN: control
 *                                   domains may map them, never writable
 *   io                              not RAM: no references are counted, permission decides; owner DOMID_IO
 *
 * References. Whoever uses a frame of a domain (a PTE that maps it, a pin, a grant, a running copy) holds one. The last
 * reference that goes away gives the frame back (frame_released hook, set by lifecycle/reservation.c). The owner's own
 * claim is FRAME_ALLOCATED together with one reference; both go at once, by frame_drop_allocated.
 *
 * Type word. Only guest/pv/page_type.c changes it (boot code may set up a fresh frame). A type reference is always
 * accompanied by a reference in refs. Invariant: the type count of TYPE_WRITABLE and of the table and descriptor types
 * are never both above zero: there is one type and one count.
 */
#ifndef HAVEN_MM_FRAME_H
#define HAVEN_MM_FRAME_H

#include "lib/compiler.h"
#include "lib/types.h"
#include "mm/layout.h"
#include <xen/xen.h>

enum frame_state { FRAME_IO, FRAME_FREE, FRAME_HYPERVISOR, FRAME_DOMAIN, FRAME_SHARED };

struct frame {
    uint64_t type; /* TYPE_*; atomic */
    uint32_t refs; /* atomic; FRAME_ALLOCATED | count */
    domid_t owner;
    uint8_t state;       /* enum frame_state */
    uint8_t order;       /* of the free block that starts here (mm/buddy.c) */
    uint64_t tlb_time;   /* tlb clock when the last type reference went: entries older than this may linger in TLBs */
    uint32_t prev, next; /* frame numbers: free list, or the owner's page list; 0 at the ends, and on no list */
};

_Static_assert(sizeof(struct frame) == 32, "frame table entries are 32 bytes");

#define FRAME_ALLOCATED 0x80000000u
#define FRAME_REFS_MASK 0x7fffffffu

/* Type word. */
#define TYPE_MASK           (0xfULL << 60)
#define TYPE_NONE           (0x0ULL << 60)
#define TYPE_L1             (0x1ULL << 60)
#define TYPE_L2             (0x2ULL << 60)
#define TYPE_L3             (0x3ULL << 60)
#define TYPE_L4             (0x4ULL << 60)
#define TYPE_DESC           (0x5ULL << 60) /* GDT or LDT page */
#define TYPE_WRITABLE       (0x7ULL << 60)
#define TYPE_PINNED         (1ULL << 59)
#define TYPE_VALIDATED      (1ULL << 58)
#define TYPE_PARTIAL        (1ULL << 57) /* promotion or demotion stopped half-way; progress says how far */
#define TYPE_WAS_TABLE      (1ULL << 56) /* with TYPE_NONE: was a table; CPUs may still walk through it until they flush */
#define TYPE_PROGRESS_SHIFT 40           /* 10 bits: entries 0..progress-1 hold references */
#define TYPE_PROGRESS_MASK  (0x3ffULL << TYPE_PROGRESS_SHIFT)
#define TYPE_COUNT_MASK     0xffffffffULL

extern uint64_t frame_table_max; /* first frame number beyond the table */

#ifdef HAVEN_HOSTED
extern struct frame *frame_table; /* supplied by mm/frame.c, allocated by the test */
#else
#define frame_table ((struct frame *)FRAME_TABLE_VIRT)
#endif

static inline struct frame *frame_of(mfn_t m)
{
    return frame_table + m.n;
}

static inline mfn_t frame_mfn(const struct frame *f)
{
    return MFN((uint64_t)(f - frame_table));
}

static inline bool frame_exists(mfn_t m)
{
    return m.n < frame_table_max;
}

/* RAM, of whomever. */
static inline bool frame_is_ram(mfn_t m)
{
    return frame_exists(m) && frame_of(m)->state != FRAME_IO;
}

/* One more reference by somebody who holds one, or who looks at the owner then. False: refs is 0, or would overflow. */
static inline bool frame_get_again(struct frame *f)
{
    uint32_t refs = __atomic_load_n(&f->refs, __ATOMIC_RELAXED);

    do {
        if (unlikely(((refs + 1) & FRAME_REFS_MASK) <= 1))
            return false;
    } while (
        unlikely(!__atomic_compare_exchange_n(&f->refs, &refs, refs + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)));
    return true;
}

/* The slow end of frame_put: the last reference went, or one too many. */
void frame_put_last(struct frame *f, uint32_t refs);

/* Drops a reference; the last one releases the frame. */
static inline void frame_put(struct frame *f)
{
    uint32_t refs = __atomic_sub_fetch(&f->refs, 1, __ATOMIC_RELEASE);

    if (unlikely(((refs + 1) & FRAME_REFS_MASK) <= 1))
        frame_put_last(f, refs);
}

/*
 * Takes a reference if the frame is RAM in use by a domain (states domain, shared) and 'owner' owns it. False if not,
 * or if the count would overflow. The owner is looked at once the reference is held: before, it could change.
 */
static inline bool frame_get(struct frame *f, domid_t owner)
{
    if (unlikely(!frame_get_again(f)))
        return false;
    if (likely(f->owner == owner && f->state >= FRAME_DOMAIN))
        return true;
    frame_put(f);
    return false;
}

/* Gives up the owner's claim (FRAME_ALLOCATED and its reference). False if somebody did it before. */
bool frame_drop_allocated(struct frame *f);

/* Called with a frame whose last reference went: state domain: off the page list and freed; set once by lifecycle. */
extern void (*frame_released)(struct frame *f);

/* A list of frames through prev/next; zeroed: empty. Frame 0 is on none. The owner of the list locks. */
struct frame_list {
    uint32_t head, tail;
    uint64_t count;
};

void frame_list_add_tail(struct frame_list *l, struct frame *f);
void frame_list_remove(struct frame_list *l, struct frame *f);
static inline struct frame *frame_list_first(const struct frame_list *l)
{
    return l->head ? frame_of(MFN(l->head)) : NULL;
}
static inline struct frame *frame_list_next(const struct frame *f)
{
    return f->next ? frame_of(MFN(f->next)) : NULL;
}

#endif
