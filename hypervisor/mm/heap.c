/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small objects. A slab is one frame cut into objects of one size class; larger requests are frames of their own. What
 * a page is for stands in its frame's type word, which the page types leave alone because a frame of the hypervisor has
 * no references:
 *
 *   slab    HEAP_SLAB  | class << 12 | objects in use;  tlb_time = address of the first free object,
 *                                                      prev, next = other slabs of the class with a free object
 *   pages   HEAP_PAGES | order, on the first frame
 *
 * A free object holds the address of the next one. Objects begin at multiples of their size in the page, so those whose
 * size is a power of two are aligned to it.
 */
#include "mm/heap.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/spinlock.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/frame.h"

#define HEAP_SLAB      0x51ab0000ULL
#define HEAP_PAGES     0x9a6e0000ULL
#define HEAP_KIND_MASK 0xffff0000ULL

#define SLAB_CLASS_SHIFT 12
#define SLAB_USED_MASK   0xfffULL /* up to 256 */

struct free_object {
    struct free_object *next;
};

static const uint16_t class_size[] = {16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1360, 2048};
#define CLASSES  ARRAY_SIZE(class_size)
#define SLAB_MAX 2048
_Static_assert(CLASSES <= 16, "the class is four bits of the type word");

static struct {
    struct spinlock lock;
    struct frame_list partial[CLASSES]; /* slabs with at least one free object */
} heap = {.lock = SPINLOCK_INIT(LOCK_LEVEL_HEAP)};

static unsigned int slab_class(const struct frame *f)
{
    return f->type >> SLAB_CLASS_SHIFT & 0xf;
}

static unsigned int slab_used(const struct frame *f)
{
    return f->type & SLAB_USED_MASK;
}

static unsigned int class_of(size_t size)
{
    unsigned int c = 0;

    while (class_size[c] < size)
        c++;
    return c;
}

static struct frame *slab_create(unsigned int class)
{
    struct frame *f = buddy_alloc(0, 0);
    struct free_object *first = NULL;

    if (!f)
        return NULL;
    char *page = direct_map_mfn(frame_mfn(f));
    for (size_t at = PAGE_SIZE / class_size[class]; at-- > 0;) {
        struct free_object *o = (struct free_object *)(page + at * class_size[class]);
        o->next = first;
        first = o;
    }
    f->type = HEAP_SLAB | class << SLAB_CLASS_SHIFT;
    f->tlb_time = (uint64_t)first;
    return f;
}

static void *slab_alloc(unsigned int class)
{
    spin_lock(&heap.lock);
    struct frame *f = frame_list_first(&heap.partial[class]);
    if (!f) {
        f = slab_create(class);
        if (!f) {
            spin_unlock(&heap.lock);
            return NULL;
        }
        frame_list_add_tail(&heap.partial[class], f);
    }

    struct free_object *o = (struct free_object *)f->tlb_time;
    f->tlb_time = (uint64_t)o->next;
    f->type++;
    if (!f->tlb_time)
        frame_list_remove(&heap.partial[class], f);
    spin_unlock(&heap.lock);

    memset(o, 0, class_size[class]);
    return o;
}

static void slab_free(struct frame *f, void *p)
{
    unsigned int class = slab_class(f);
    struct free_object *o = p;

    ASSERT(((uint64_t)p & (PAGE_SIZE - 1)) % class_size[class] == 0);
    spin_lock(&heap.lock);
    ASSERT(slab_used(f));

    if (!f->tlb_time)
        frame_list_add_tail(&heap.partial[class], f);
    o->next = (struct free_object *)f->tlb_time;
    f->tlb_time = (uint64_t)o;
    f->type--;

    /* One empty slab of a class is kept, so that a pair of alloc and free at the edge does not take and give a frame.
     */
    bool empty = !slab_used(f) && heap.partial[class].count > 1;
    if (empty)
        frame_list_remove(&heap.partial[class], f);
    spin_unlock(&heap.lock);
    if (empty)
        buddy_free(f, 0, false);
}

void *heap_alloc_pages(unsigned int order)
{
    struct frame *f = buddy_alloc_clear(order, 0, BUDDY_CLEAR_ALL);

    if (!f)
        return NULL;
    f->type = HEAP_PAGES | order;
    return direct_map_mfn(frame_mfn(f));
}

static void pages_free(struct frame *f)
{
    unsigned int order = f->type & 0xff;

    f->type = 0;
    buddy_free(f, order, false);
}

void heap_free_pages(void *p, unsigned int order)
{
    struct frame *f = frame_of(direct_map_to_mfn(p));

    ASSERT(f->state == FRAME_HYPERVISOR && f->type == (HEAP_PAGES | order));
    pages_free(f);
}

void *heap_alloc(size_t size)
{
    if (size <= SLAB_MAX)
        return slab_alloc(class_of(size));
    if (size > PAGE_SIZE << BUDDY_MAX_ORDER)
        return NULL;
    return heap_alloc_pages(bits_order((size + PAGE_SIZE - 1) >> PAGE_SHIFT));
}

void heap_free(void *p)
{
    if (!p)
        return;

    struct frame *f = frame_of(direct_map_to_mfn(p));
    ASSERT(frame_exists(frame_mfn(f)) && f->state == FRAME_HYPERVISOR);
    if ((f->type & HEAP_KIND_MASK) == HEAP_SLAB) {
        slab_free(f, p);
        return;
    }
    ASSERT((f->type & HEAP_KIND_MASK) == HEAP_PAGES && !((uint64_t)p & (PAGE_SIZE - 1)));
    pages_free(f);
}
