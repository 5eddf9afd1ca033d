/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buddy allocator against a model that knows of each frame whether it is free, and when it was last given back
 * dirty. After each step: no frame is out twice, free counts agree, blocks are aligned and below their limit, TLBs were
 * flushed when a dirty frame came back into use, and contents are cleared as asked. Also frames' references, and the
 * heap on top.
 */
#include "lib/spinlock.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/tlb.h"
#include "unit.h"
#include <string.h>
#include <sys/mman.h>

#define FRAMES   8192 /* 32 MiB */
#define HOLE     5000 /* ..HOLE_END-1 are not RAM */
#define HOLE_END 5003

cpumask_t cpu_online = 1;
void (*spin_waiting)(void);
static uint64_t clock_value = 1, last_flush;
static unsigned int flushes;
static char *memory;

/* One CPU: flushed at last_flush. */
uint64_t tlb_clock_now(void)
{
    return clock_value;
}
cpumask_t tlb_filter(cpumask_t cpus, uint64_t stamp)
{
    return last_flush <= stamp ? cpus : 0;
}
void tlb_flush_mask(cpumask_t cpus, uint64_t va)
{
    CU_ASSERT_EQUAL(cpus, 1);
    CU_ASSERT_EQUAL(va, TLB_ALL);
    last_flush = ++clock_value;
    flushes++;
}
void spin_wait(struct spinlock *l, uint16_t ticket)
{
    (void)l;
    (void)ticket;
    panic("a lock is taken twice");
}

struct block {
    struct frame *f;
    unsigned int order;
};
static struct block blocks[FRAMES];
static unsigned int block_count;
static bool out[FRAMES];
static uint64_t dirty_since[FRAMES]; /* 0: not dirty */

static uint64_t model_free(void)
{
    uint64_t n = 0;
    for (unsigned int i = 1; i < FRAMES; i++)
        n += !out[i] && (i < HOLE || i >= HOLE_END);
    return n;
}

static void check_contents(uint64_t n, unsigned int order, enum buddy_clear clear)
{
    for (uint64_t i = n; i < n + (1ULL << order); i++) {
        const uint64_t *words = direct_map_mfn(MFN(i));
        bool zero = words[0] == 0 && words[511] == 0;

        if (clear == BUDDY_CLEAR_ALL || (clear == BUDDY_CLEAR_DIRTY && dirty_since[i]))
            CU_ASSERT_TRUE_FATAL(zero);
    }
}

static void random_alloc(void)
{
    unsigned int order = (unsigned int)unit_random_below(unit_random_below(4) ? 4 : 11);
    unsigned int bits = unit_random_below(3) ? 0 : 13 + (unsigned int)unit_random_below(14);
    enum buddy_clear clear = (enum buddy_clear)unit_random_below(3);
    struct frame *f = buddy_alloc_clear(order, bits, clear);

    if (!f)
        return;
    uint64_t n = frame_mfn(f).n;
    CU_ASSERT_EQUAL_FATAL(n & ((1ULL << order) - 1), 0);
    CU_ASSERT_TRUE_FATAL(!bits || (n + (1ULL << order)) << PAGE_SHIFT <= 1ULL << bits);
    check_contents(n, order, clear);
    for (uint64_t i = n; i < n + (1ULL << order); i++) {
        CU_ASSERT_TRUE_FATAL(i > 0 && i < FRAMES && (i < HOLE || i >= HOLE_END) && !out[i]);
        CU_ASSERT_TRUE_FATAL(last_flush > dirty_since[i] || !dirty_since[i]);
        CU_ASSERT_TRUE_FATAL(f[i - n].state == FRAME_HYPERVISOR && f[i - n].refs == 0 && f[i - n].type == 0);
        out[i] = true;
        dirty_since[i] = 0;
    }
    blocks[block_count++] = (struct block){f, order};
}

/* Whole blocks, or one half now and the other one as a block that is still out. */
static void random_free(void)
{
    if (!block_count)
        return;
    unsigned int i = (unsigned int)unit_random_below(block_count);
    struct block b = blocks[i];
    blocks[i] = blocks[--block_count];
    if (b.order && unit_random_below(3) == 0) {
        b.order--;
        blocks[block_count++] = (struct block){b.f + (1ULL << b.order), b.order};
    }

    bool dirty = unit_random_below(2);
    uint64_t n = frame_mfn(b.f).n;
    for (uint64_t j = n; j < n + (1ULL << b.order); j++) {
        out[j] = false;
        dirty_since[j] = dirty ? clock_value : 0;
        memset(direct_map_mfn(MFN(j)), 0xa5, PAGE_SIZE);
    }
    buddy_free(b.f, b.order, dirty);
    if (unit_random_below(8) == 0)
        last_flush = ++clock_value; /* a context switch somewhere */
}

static void give_all_back(void)
{
    while (block_count) {
        struct block b = blocks[--block_count];
        for (uint64_t i = 0; i < 1ULL << b.order; i++)
            out[frame_mfn(b.f).n + i] = false;
        buddy_free(b.f, b.order, false);
    }
}

static void test_random(void)
{
    for (unsigned int round = 0; round < 20000; round++) {
        bool fill = round / 1000 % 2 == 0;
        if (unit_random_below(3) == 0 ? !fill : fill)
            random_alloc();
        else
            random_free();
        if (round % 64 == 0)
            CU_ASSERT_EQUAL_FATAL(buddy_free_frames(), model_free());
    }
    CU_ASSERT_TRUE(flushes > 0);
    give_all_back();
    CU_ASSERT_EQUAL(buddy_free_frames(), FRAMES - 1 - (HOLE_END - HOLE));
}

/* When everything is back, everything has merged: the largest aligned block can be had again. */
static void test_merged(void)
{
    struct frame *f = buddy_alloc(11, 0), *g = buddy_alloc(11, 0);

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(frame_mfn(f).n, 6144);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    CU_ASSERT_EQUAL(frame_mfn(g).n, 2048); /* 4096.. has the hole */
    CU_ASSERT_PTR_NULL(buddy_alloc(12, 0));
    CU_ASSERT_PTR_NULL(buddy_alloc(BUDDY_MAX_ORDER + 1, 0));
    buddy_free(f, 11, false);
    buddy_free(g, 11, false);
}

static void test_limit(void)
{
    unsigned int n = 0;

    CU_ASSERT_PTR_NULL(buddy_alloc(0, 12));
    for (struct frame *f; (f = buddy_alloc(0, 20)); n++) {
        CU_ASSERT_TRUE_FATAL(frame_mfn(f).n < 256);
        blocks[block_count++] = (struct block){f, 0};
    }
    CU_ASSERT_EQUAL(n, 255); /* 1 MiB without frame 0 */
    struct frame *f = buddy_alloc(0, 21);
    CU_ASSERT_TRUE(frame_mfn(f).n >= 256 && frame_mfn(f).n < 512);
    buddy_free(f, 0, false);
    give_all_back();

    /* Low memory is the last to go. */
    f = buddy_alloc(0, 0);
    CU_ASSERT_TRUE(frame_mfn(f).n >= 4096);
    buddy_free(f, 0, false);
}

static unsigned int released_count;
static void released(struct frame *f)
{
    released_count++;
    buddy_free(f, 0, true);
}

static void test_references(void)
{
    struct frame *f = buddy_alloc(0, 0);

    frame_released = released;
    released_count = 0;
    CU_ASSERT_FALSE(frame_get(f, DOMID_XEN)); /* the hypervisor's own: nobody refers to it */
    f->owner = 5;
    f->state = FRAME_DOMAIN;
    f->refs = FRAME_ALLOCATED | 1;
    CU_ASSERT_FALSE(frame_get(f, 6));
    CU_ASSERT_EQUAL(f->refs, FRAME_ALLOCATED | 1);
    CU_ASSERT_TRUE(frame_get(f, 5));
    CU_ASSERT_TRUE(frame_get_again(f));
    CU_ASSERT_TRUE(frame_drop_allocated(f));
    CU_ASSERT_FALSE(frame_drop_allocated(f));
    frame_put(f);
    CU_ASSERT_EQUAL(released_count, 0);
    CU_ASSERT_EQUAL(f->refs, 1);
    frame_put(f);
    CU_ASSERT_EQUAL(released_count, 1);
    CU_ASSERT_FALSE(frame_get(f, 5));

    f = buddy_alloc(0, 0);
    f->owner = 5;
    f->state = FRAME_DOMAIN;
    f->refs = FRAME_ALLOCATED | (FRAME_REFS_MASK - 1);
    CU_ASSERT_TRUE(frame_get(f, 5));
    CU_ASSERT_FALSE(frame_get(f, 5)); /* full */
    f->refs = 0;
    f->state = FRAME_HYPERVISOR;
    buddy_free(f, 0, false);
}

static void test_frame_list(void)
{
    struct frame_list l = {0};

    CU_ASSERT_PTR_NULL(frame_list_first(&l));
    for (unsigned int i = 0; i < 3; i++) {
        for (uint64_t n = 10; n < 13; n++)
            frame_list_add_tail(&l, frame_of(MFN(n)));
        CU_ASSERT_EQUAL(l.count, 3);
        frame_list_remove(&l, frame_of(MFN(10 + i))); /* first, middle, last */
        CU_ASSERT_EQUAL(frame_mfn(frame_list_first(&l)).n, i ? 10 : 11);
        CU_ASSERT_EQUAL(frame_mfn(frame_list_next(frame_list_first(&l))).n, i == 2 ? 11 : 12);
        while (frame_list_first(&l))
            frame_list_remove(&l, frame_list_first(&l));
        CU_ASSERT_EQUAL(l.count, 0);
    }
}

/* Objects of all sizes; each is filled with its own pattern, which must still be there when it is freed. */
static void test_heap(void)
{
    struct {
        unsigned char *p;
        size_t size;
        unsigned char pattern;
    } objects[500] = {0};
    uint64_t free_before = buddy_free_frames();

    for (unsigned int round = 0; round < 30000; round++) {
        unsigned int i = (unsigned int)unit_random_below(ARRAY_SIZE(objects));

        if (objects[i].p) {
            for (size_t j = 0; j < objects[i].size; j++)
                CU_ASSERT_EQUAL_FATAL(objects[i].p[j], objects[i].pattern);
            heap_free(objects[i].p);
            objects[i].p = NULL;
            continue;
        }
        size_t size = unit_random_below(unit_random_below(8) ? 600 : 20000);
        unsigned char *p = heap_alloc(size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        CU_ASSERT_EQUAL_FATAL((uintptr_t)p & 15, 0);
        CU_ASSERT_TRUE_FATAL(size < PAGE_SIZE || !((uintptr_t)p & (PAGE_SIZE - 1)));
        for (size_t j = 0; j < size; j++)
            CU_ASSERT_EQUAL_FATAL(p[j], 0);
        objects[i].p = p;
        objects[i].size = size;
        objects[i].pattern = (unsigned char)unit_random();
        memset(p, objects[i].pattern, size);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
        heap_free(objects[i].p);
    CU_ASSERT_TRUE(free_before - buddy_free_frames() <= 13); /* one slab kept of each class */
    CU_ASSERT_PTR_NULL(heap_alloc(1ULL << 40));
}

/* A slab full of the smallest objects; contents that look like those of a free one (mm/heap.c, FREE_MARK). */
static void test_heap_small(void)
{
    uint64_t *object[2 * PAGE_SIZE / 16];
    uint64_t mark = 0;

    object[0] = heap_alloc(16);
    heap_free(object[0]);
    mark = object[0][1] ^ (uint64_t)object[0];
    for (unsigned int i = 0; i < ARRAY_SIZE(object); i++) {
        object[i] = heap_alloc(16);
        CU_ASSERT_PTR_NOT_NULL_FATAL(object[i]);
        object[i][1] = mark ^ (uint64_t)object[i];
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(object); i++)
        heap_free(object[i]);
}

int main(void)
{
    CU_TestInfo cases[] = {{"random", test_random},
                           {"all merged", test_merged},
                           {"address limit", test_limit},
                           {"references", test_references},
                           {"frame lists", test_frame_list},
                           {"heap", test_heap},
                           {"small objects", test_heap_small},
                           CU_TEST_INFO_NULL};

    memory = mmap(NULL, FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    frame_table = calloc(FRAMES, sizeof(*frame_table));
    direct_map_start = (uint64_t)memory;
    frame_table_max = FRAMES;
    memset(memory, 0xa5, FRAMES * PAGE_SIZE);
    for (unsigned int i = 1; i < FRAMES; i++)
        frame_table[i].state = i < HOLE || i >= HOLE_END ? FRAME_HYPERVISOR : FRAME_IO;
    buddy_add_range(MFN(1), MFN(HOLE));
    buddy_add_range(MFN(HOLE_END), MFN(FRAMES));
    int result = unit_run("buddy", cases);
    free(frame_table);
    return result;
}
