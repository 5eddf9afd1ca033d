/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page types: a domain that pins, unpins, maps, rewrites entries, gives memory back and takes it again at random, while
 * long work is made to stop after a few entries. After every step each frame's counts are recounted from the contents
 * of all tables: they must agree, no frame may be writable and a table at once, and no frame may change its type while
 * the CPU could hold an old translation to it.
 */
#include "guest/pv/page_type.h"
#include "guest/pv/pt_update.h"
#include "lib/errno.h"
#include "pv_memory.h"
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD_MAX 24

/* Only these slots are ever used, so that recounting is quick. */
static const unsigned int slots[] = {0, 1, 2, 255, 256, 271, 272, 511};
#define SLOTS (sizeof(slots) / sizeof(slots[0]))

/* References that the domain holds beside its tables: as base pointers, descriptor tables, grants do. */
static struct held {
    uint64_t mfn, type; /* TYPE_NONE: a general reference */
} held[HELD_MAX];
static unsigned int held_count;
static uint64_t type_before[FRAMES];
static unsigned int long_work, successes;
static unsigned int seen_table[5], seen_partial[5]; /* by level: tables with entries that hold something */

static unsigned int below(unsigned int n)
{
    return (unsigned int)rand() % n;
}

/* Most frames have a calling, so that most of what is tried is valid. */
static unsigned int calling(uint64_t mfn)
{
    static const unsigned int level[] = {0, 1, 2, 0, 1, 3, 0, 1, 2, 4};

    return mfn < FRAMES_A ? level[mfn % 10] : 0;
}

static uint64_t frame_called(unsigned int level)
{
    uint64_t mfn;

    if (below(12) == 0)
        return below(FRAMES);
    do
        mfn = below(FRAMES_A);
    while (calling(mfn) != level);
    return mfn;
}

static pte_t random_entry(unsigned int level)
{
    static const uint64_t odd[] = {
        PTE_PSE, PTE_GLOBAL, PTE_PCD, PTE_NX, PTE_AVAIL, 1ULL << 50, PTE_ACCESSED | PTE_DIRTY};

    if (below(3) == 0)
        return below(2) ? 0 : (uint64_t)rand() << 12; /* not present: whatever */
    pte_t e = level > 1 ? entry(frame_called(level - 1), below(4) ? RW : RO)
                        : entry(frame_called(below(5)), below(3) ? RO : RW);
    return below(10) ? e : e | odd[below(sizeof(odd) / sizeof(odd[0]))];
}

/* The guest writes memory that it may have mapped writable. */
static void step_store(void)
{
    uint64_t mfn = below(FRAMES_A);
    uint64_t type = type_of(mfn) & TYPE_MASK;

    if (!frame_is_free[mfn] && (type == TYPE_NONE || type == TYPE_WRITABLE))
        *pv_memory_entry(mfn, slots[below(SLOTS)]) = random_entry(calling(mfn));
}

static void note_result(int rc)
{
    long_work += rc == -ERESTART;
    successes += rc == 0;
}

static void step_pin(void)
{
    unsigned int level = 1 + below(4);
    uint64_t mfn = frame_called(level);
    int rc, tries = (int)below(40); /* sometimes given up */

    do {
        rc = pin(mfn, level);
        note_result(rc);
    } while (rc == -ERESTART && tries--);
}

static void step_unpin(void)
{
    note_result(unpin(below(FRAMES_A)));
}

static void step_update(void)
{
    uint64_t mfn = below(FRAMES_A);
    struct domain *page_owner = below(6) ? &domain_a : &domain_b;
    pte_t e = random_entry(calling(mfn));

    if (page_owner == &domain_b && calling(mfn) == 1)
        e = entry(FRAMES_A + below(FRAMES_B), below(2) ? RW : RO);
    if ((type_of(mfn) & TYPE_MASK) == TYPE_DESC)
        return;
    note_result(update_of(&domain_a, page_owner, (mfn << PAGE_SHIFT) + slots[below(SLOTS)] * 8, e,
                          below(2) ? MMU_PT_UPDATE_PRESERVE_AD : MMU_NORMAL_PT_UPDATE));
}

static void step_hold(void)
{
    if (held_count == HELD_MAX)
        return;
    struct held h = {below(FRAMES_A), 0};
    switch (below(4)) {
    case 0:
        if (!frame_get(frame_of(MFN(h.mfn)), 1))
            return;
        break;
    case 1:
        h.type = TYPE_WRITABLE;
        if (!writable(h.mfn))
            return;
        break;
    default:
        h.type = below(3) ? page_type_of_level(1 + below(4)) : TYPE_DESC;
        if (h.type == TYPE_DESC)
            for (unsigned int i = 0; i < SLOTS; i++)
                if ((type_of(h.mfn) & TYPE_MASK) == TYPE_NONE && !frame_is_free[h.mfn])
                    *pv_memory_entry(h.mfn, slots[i]) = below(300) ? 0 : ~0ULL;
        if (below(2)) {
            if (!page_type_get_shared(&domain_a, MFN(h.mfn), h.type))
                return;
        } else {
            spin_lock(&domain_a.page_table_lock);
            int rc = page_type_get(&domain_a, MFN(h.mfn), h.type, below(2));
            spin_unlock(&domain_a.page_table_lock);
            if (rc)
                return;
        }
    }
    held[held_count++] = h;
}

static void step_let_go(void)
{
    if (!held_count)
        return;
    unsigned int i = below(held_count);
    struct held h = held[i];
    struct frame *f = frame_of(MFN(h.mfn));

    held[i] = held[--held_count];
    if (h.type == TYPE_NONE)
        frame_put(f);
    else if (h.type == TYPE_WRITABLE)
        page_type_put_writable(f);
    else if (!page_type_put_shared(f)) {
        spin_lock(&domain_a.page_table_lock);
        pt_update_type_put(&vcpu_a, &domain_a, f);
        spin_unlock(&domain_a.page_table_lock);
    }
}

static void step_memory(void)
{
    uint64_t mfn = below(FRAMES_A);

    if (frame_is_free[mfn]) {
        pv_memory_allocate(mfn);
        type_before[mfn] = 0;
    } else if (below(4) == 0 && frame_get(frame_of(MFN(mfn)), 1)) {
        (void)frame_drop_allocated(frame_of(MFN(mfn)));
        frame_put(frame_of(MFN(mfn)));
    }
}

struct expected {
    uint64_t refs, count[8];
};

/* What the entries of table t, as far as they hold something, hold of other frames. */
static void recount_table(uint64_t t, struct expected *want)
{
    uint64_t x = type_of(t);
    unsigned int level = (unsigned int)(x >> 60);
    unsigned int end = x & TYPE_PARTIAL ? (x & TYPE_PROGRESS_MASK) >> TYPE_PROGRESS_SHIFT : PTE_ENTRIES;

    for (unsigned int i = 0; i < SLOTS; i++) {
        pte_t e = *pv_memory_entry(t, slots[i]);
        uint64_t n = pte_mfn(e).n;
        if (slots[i] >= end || !(e & PTE_PRESENT) ||
            (level == 4 && slots[i] >= HV_SLOT_FIRST && slots[i] <= HV_SLOT_LAST))
            continue;
        if ((e & (PTE_USER | PTE_GLOBAL)) != PTE_USER || (level > 1 && (e & (PTE_PSE | PTE_PCD | PTE_PWT))))
            CU_FAIL("a table has an entry that should have been refused");
        if (level == 1 && n >= IO_FIRST)
            continue;
        if (n >= FRAMES_A && level > 1) {
            CU_FAIL("an entry names a table that is not the domain's");
            continue;
        }
        seen_table[level]++;
        seen_partial[level] += x & TYPE_PARTIAL ? 1 : 0;
        want[n].refs++;
        if (level > 1)
            want[n].count[level - 1]++;
        else if (e & PTE_WRITE)
            want[n].count[7]++;
    }
}

static bool frame_agrees(uint64_t n, const struct expected *want)
{
    const struct frame *f = frame_of(MFN(n));
    unsigned int type = (unsigned int)(f->type >> 60);
    uint64_t total = 0;

    for (unsigned int i = 0; i < 8; i++)
        total += want->count[i];
    if ((f->refs & FRAME_REFS_MASK) != want->refs || (f->type & TYPE_COUNT_MASK) != (type ? want->count[type] : 0))
        return false;
    if (type && total != want->count[type])
        return false; /* used as two types at once */
    if (!type)
        return total == 0;
    if (f->type & TYPE_PARTIAL)
        return total == 0 && !(f->type & (TYPE_PINNED | TYPE_VALIDATED));
    return total > 0 && !!(f->type & TYPE_VALIDATED) == (type != 7);
}

/* Nothing that the CPU may remember from a frame's last type can hurt its new one. */
static bool translations_are_safe(uint64_t n)
{
    uint64_t x = type_of(n), before = type_before[n], stamp = frame_of(MFN(n))->tlb_time;
    bool table = (x & TYPE_MASK) != TYPE_NONE && (x & TYPE_MASK) != TYPE_WRITABLE;

    if (table && (x & TYPE_VALIDATED) && stamp && stamp >= cpu_flush_time)
        return false;
    if ((x & TYPE_MASK) == TYPE_WRITABLE && (before & TYPE_WAS_TABLE) && stamp >= cpu_flush_time)
        return false;
    return true;
}

static bool recount(void)
{
    struct expected want[FRAMES];

    memset(want, 0, sizeof(want));
    for (uint64_t n = 0; n < IO_FIRST; n++) {
        uint64_t x = type_of(n), type = x & TYPE_MASK;
        want[n].refs += (refs_of(n) & FRAME_ALLOCATED ? 1 : 0) + (x & TYPE_PARTIAL ? 1 : 0);
        if (x & TYPE_PINNED) {
            want[n].refs++;
            want[n].count[x >> 60]++;
        }
        if (type >= TYPE_L1 && type <= TYPE_L4)
            recount_table(n, want);
    }
    for (unsigned int i = 0; i < held_count; i++) {
        want[held[i].mfn].refs++;
        if (held[i].type)
            want[held[i].mfn].count[held[i].type >> 60]++;
    }
    for (uint64_t n = 0; n < IO_FIRST; n++) {
        if (!frame_agrees(n, &want[n]) || !translations_are_safe(n)) {
            printf("frame %lu: type %016lx refs %x, expected refs %lu, flushed %lu, stamp %lu\n", (unsigned long)n,
                   (unsigned long)type_of(n), refs_of(n), (unsigned long)want[n].refs, (unsigned long)cpu_flush_time,
                   (unsigned long)frame_of(MFN(n))->tlb_time);
            return false;
        }
        type_before[n] = type_of(n);
    }
    return true;
}

static void end_of_domain(void)
{
    page_type_budget = 100;
    while (held_count)
        step_let_go();
    finish();
    domain_a.dying = DOMAIN_DYING;
    CU_ASSERT_EQUAL(pin(0, 1), -EINVAL);
    page_type_budget = 700;
    while (page_type_relinquish(&domain_a) == -ERESTART)
        CU_ASSERT(recount());
    for (uint64_t n = 0; n < IO_FIRST; n++) {
        CU_ASSERT_EQUAL(type_of(n) & (TYPE_MASK | TYPE_COUNT_MASK), 0);
        CU_ASSERT(frame_is_free[n] ? refs_of(n) == 0 : refs_of(n) == (FRAME_ALLOCATED | 1));
    }
}

static void test_random_domain(void)
{
    static void (*const steps[])(void) = {
        step_store,  step_store,  step_store,  step_store, step_store,  step_pin,    step_pin,        step_unpin,
        step_update, step_update, step_update, step_hold,  step_let_go, step_memory, pv_memory_flush,
    };

    for (unsigned int seed = 1; seed <= 12; seed++) {
        srand(seed);
        pv_memory_init();
        memset(type_before, 0, sizeof(type_before));
        held_count = long_work = successes = 0;
        for (unsigned int i = 0; i < 20000; i++) {
            page_type_budget = below(4) ? 20 + below(1500) : 8192;
            finish();
            steps[below(sizeof(steps) / sizeof(steps[0]))]();
            if (!recount()) {
                printf("seed %u step %u\n", seed, i);
                CU_FAIL_FATAL("counts do not agree");
            }
        }
        CU_ASSERT(successes > 1000);
        CU_ASSERT(long_work > 50);
        end_of_domain();
    }
    for (unsigned int level = 1; level <= 4; level++) {
        CU_ASSERT(seen_table[level] > 10000);
        CU_ASSERT(seen_partial[level] > 100);
    }
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite s = CU_add_suite("page types at random", NULL, NULL);
    CU_add_test(s, "random domain", test_random_domain);
    CU_basic_run_tests();
    int failed = CU_get_number_of_failures() != 0 || CU_get_number_of_tests_run() != 1;
    CU_cleanup_registry();
    return failed;
}
