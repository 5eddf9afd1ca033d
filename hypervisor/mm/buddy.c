/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buddy allocator.
 *
 * A free block is known by its first frame: state free, 'order' its size, linked into the list of its zone and order,
 * and tlb_time the newest stamp of any part of it. The other frames of a free block carry order NOT_HEAD. The type word
 * of each free frame says whether a domain's bytes are in it.
 *
 * A zone is the number of bits that frame numbers of the block need. An aligned block of frames above zero lies in one
 * zone entirely, and two buddies do so too, except for the block that begins at frame 0; that frame is never given to
 * the allocator, so a block found in zone z always ends below 2^z. Allocations without a limit search from the highest
 * zone down: low memory stays free for those who need it.
 *
 * buddy_lock guards the lists and the fields above of free frames. Flushing and clearing happen after it is released,
 * on frames that are then the caller's alone.
 */
#include "mm/buddy.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/tlb.h"

#define ZONES      40 /* 52 physical address bits */
#define ORDERS     (BUDDY_MAX_ORDER + 1)
#define NOT_HEAD   0xff
#define FREE_CLEAN 0 /* type word of a free frame */
#define FREE_DIRTY 1

static struct {
    struct spinlock lock;
    uint64_t free;
    uint32_t orders[ZONES + 1]; /* per zone: which lists are not empty */
    struct frame_list list[ZONES + 1][ORDERS];
} buddy = {.lock = SPINLOCK_INIT(LOCK_LEVEL_BUDDY)};

static unsigned int zone_of(uint64_t first, unsigned int order)
{
    return bits_highest(first | ((1ULL << order) - 1)) + 1;
}

static void list_insert(struct frame *f, unsigned int order)
{
    unsigned int zone = zone_of(frame_mfn(f).n, order);

    f->order = (uint8_t)order;
    frame_list_add_tail(&buddy.list[zone][order], f);
    buddy.orders[zone] |= 1u << order;
}

static void list_delete(struct frame *f, unsigned int order)
{
    unsigned int zone = zone_of(frame_mfn(f).n, order);

    f->order = NOT_HEAD;
    frame_list_remove(&buddy.list[zone][order], f);
    if (!buddy.list[zone][order].count)
        buddy.orders[zone] &= ~(1u << order);
}

/* Joins the block with its free buddies upwards and puts the result on its list. */
static void insert_merged(struct frame *f, unsigned int order)
{
    uint64_t n = frame_mfn(f).n;

    while (order < BUDDY_MAX_ORDER) {
        uint64_t other = n ^ (1ULL << order);
        if (other + (1ULL << order) > frame_table_max)
            break;
        struct frame *b = frame_of(MFN(other));
        if (b->state != FRAME_FREE || b->order != order)
            break;
        list_delete(b, order);
        n = MIN(n, other);
        struct frame *joined = frame_of(MFN(n));
        joined->tlb_time = MAX(f->tlb_time, b->tlb_time);
        f = joined;
        order++;
    }
    list_insert(f, order);
}

/* A block of 'order' from the best list below the limit, taken off; NULL if there is none. */
static struct frame *take(unsigned int order, unsigned int zone_limit)
{
    for (unsigned int zone = zone_limit; zone > 0; zone--) {
        uint32_t fit = buddy.orders[zone] >> order;
        if (!fit)
            continue;

        unsigned int have = order + bits_lowest(fit);
        struct frame *f = frame_list_first(&buddy.list[zone][have]);
        list_delete(f, have);
        /* The upper half stays: later, larger frame numbers are as good for anybody. */
        while (have > order) {
            have--;
            struct frame *half = f + (1UL << have);
            half->tlb_time = f->tlb_time;
            list_insert(half, have);
        }
        return f;
    }
    return NULL;
}

/* Frames become the hypervisor's; whether a frame is dirty stays in its type word until clear_contents. */
static void adopt(struct frame *f, unsigned int order)
{
    for (uint64_t i = 0; i < 1ULL << order; i++) {
        f[i].state = FRAME_HYPERVISOR;
        f[i].owner = DOMID_XEN;
        f[i].refs = 0;
        f[i].order = 0;
    }
}

static void clear_contents(struct frame *f, unsigned int order, enum buddy_clear clear)
{
    for (uint64_t i = 0; i < 1ULL << order; i++) {
        if (clear == BUDDY_CLEAR_ALL || (clear == BUDDY_CLEAR_DIRTY && f[i].type == FREE_DIRTY))
            memset(direct_map_mfn(frame_mfn(&f[i])), 0, PAGE_SIZE);
        f[i].type = TYPE_NONE;
        f[i].tlb_time = 0;
    }
}

struct frame *buddy_alloc_clear(unsigned int order, unsigned int addr_bits, enum buddy_clear clear)
{
    unsigned int limit = ZONES;

    if (order > BUDDY_MAX_ORDER)
        return NULL;
    if (addr_bits && addr_bits < PAGE_SHIFT + ZONES) {
        if (addr_bits <= PAGE_SHIFT)
            return NULL;
        limit = addr_bits - PAGE_SHIFT;
    }

    spin_lock(&buddy.lock);
    struct frame *f = take(order, limit);
    if (f) {
        buddy.free -= 1ULL << order;
        adopt(f, order);
    }
    spin_unlock(&buddy.lock);
    if (!f)
        return NULL;

    /* Somebody may still reach the frames through a TLB entry made before they were freed. */
    if (f->tlb_time) {
        cpumask_t stale = tlb_filter(cpu_online, f->tlb_time);
        if (stale)
            tlb_flush_mask(stale, TLB_ALL);
    }
    clear_contents(f, order, clear);
    return f;
}

struct frame *buddy_alloc(unsigned int order, unsigned int addr_bits)
{
    return buddy_alloc_clear(order, addr_bits, BUDDY_CLEAR_NONE);
}

void buddy_free(struct frame *f, unsigned int order, bool dirty)
{
    uint64_t stamp = dirty ? tlb_clock_now() : 0;

    ASSERT(order <= BUDDY_MAX_ORDER && !(frame_mfn(f).n & ((1ULL << order) - 1)));
    for (uint64_t i = 0; i < 1ULL << order; i++) {
        ASSERT(f[i].state != FRAME_FREE && f[i].state != FRAME_IO && !f[i].refs);
        f[i].type = dirty ? FREE_DIRTY : FREE_CLEAN;
        f[i].tlb_time = 0;
        f[i].owner = DOMID_INVALID;
        f[i].order = NOT_HEAD; /* so nobody merges with it before it is on a list */
        f[i].state = FRAME_FREE;
    }

    spin_lock(&buddy.lock);
    f->tlb_time = stamp;
    buddy.free += 1ULL << order;
    insert_merged(f, order);
    spin_unlock(&buddy.lock);
}

/* The largest aligned blocks that fit, from the start on. The frames are the hypervisor's. */
void buddy_add_range(mfn_t start, mfn_t end)
{
    uint64_t n = start.n;

    ASSERT(n && end.n <= frame_table_max);
    while (n < end.n) {
        unsigned int order = MIN(bits_lowest(n), bits_highest(end.n - n));
        order = MIN(order, (unsigned int)BUDDY_MAX_ORDER);
        buddy_free(frame_of(MFN(n)), order, false);
        n += 1ULL << order;
    }
}

uint64_t buddy_free_frames(void)
{
    return __atomic_load_n(&buddy.free, __ATOMIC_RELAXED);
}
