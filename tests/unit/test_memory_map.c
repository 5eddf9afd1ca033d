/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's memory map against a page-by-page model, and the early allocator's search in it. */
#include "lib/errno.h"
#include "lib/rangeset.h"
#include "mm/early.h"
#include "mm/memory_map.h"
#include "unit.h"
#include <string.h>

#define SPAN 300

/* Less usable wins. */
static unsigned int rank(uint32_t type)
{
    static const unsigned int ranks[] = {0, 1, 4, 2, 3, 5}; /* none, RAM, reserved, ACPI, NVS, unusable */
    return ranks[type];
}

static void check_against(const struct memory_map *m, const uint32_t *model)
{
    unsigned int at = 0;

    for (unsigned int i = 0; i < m->count; i++) {
        const struct memory_region *r = &m->region[i];
        CU_ASSERT_TRUE_FATAL(r->size > 0 && r->start >= at);
        if (i && m->region[i - 1].start + m->region[i - 1].size == r->start)
            CU_ASSERT_NOT_EQUAL_FATAL(m->region[i - 1].type, r->type);
        for (; at < r->start; at++)
            CU_ASSERT_EQUAL_FATAL(model[at], 0);
        for (; at < r->start + r->size; at++)
            CU_ASSERT_EQUAL_FATAL(model[at], r->type);
    }
    for (; at < SPAN; at++)
        CU_ASSERT_EQUAL_FATAL(model[at], 0);
}

static void test_random(void)
{
    for (unsigned int round = 0; round < 300; round++) {
        struct memory_map m = {0};
        uint32_t model[SPAN] = {0};

        for (unsigned int n = 0; n < 40; n++) {
            uint64_t start = unit_random_below(SPAN), size = unit_random_below(MIN(SPAN - start + 1, 50ULL));
            uint32_t type = 1 + (uint32_t)unit_random_below(5);

            CU_ASSERT_EQUAL_FATAL(memory_map_add(&m, start, size, type), 0);
            for (uint64_t i = start; i < start + size; i++)
                if (rank(type) > rank(model[i]))
                    model[i] = type;
            check_against(&m, model);
        }
        uint64_t ram = 0, end = 0;
        for (uint64_t i = 0; i < SPAN; i++) {
            ram += model[i] == MEMORY_RAM;
            end = model[i] == MEMORY_RAM ? i + 1 : end;
        }
        CU_ASSERT_EQUAL(memory_map_ram_size(&m), ram);
        CU_ASSERT_EQUAL(memory_map_ram_end(&m), end);
    }
}

static void test_limits(void)
{
    struct memory_map m = {0};

    CU_ASSERT_EQUAL(memory_map_add(&m, ~0ULL - 100, 1000, MEMORY_RESERVED), 0); /* would wrap: ends at the top */
    CU_ASSERT_EQUAL(m.region[0].size, 100);
    m.count = 0;
    int error = 0;
    for (uint64_t i = 0; !error; i++)
        error = memory_map_add(&m, i * 10, 5, MEMORY_RAM);
    CU_ASSERT_EQUAL(error, -ENOMEM);
    CU_ASSERT_TRUE(m.count > MEMORY_REGIONS_MAX - 4 && m.count <= MEMORY_REGIONS_MAX);
}

static void test_early_find(void)
{
    struct memory_map m = {0};
    struct rangeset taken = {0};
    paddr_t p;

    memory_map_add(&m, 0, 0x9fc00, MEMORY_RAM);
    memory_map_add(&m, MIB(1), MIB(63), MEMORY_RAM);
    memory_map_add(&m, GIB(4), GIB(1), MEMORY_RAM);
    CU_ASSERT_TRUE(early_find(&m, &taken, 9, GIB(4), &p));
    CU_ASSERT_EQUAL(p, MIB(62));
    rangeset_add(&taken, MIB(62) >> 12, (MIB(64) >> 12) - 1);
    CU_ASSERT_TRUE(early_find(&m, &taken, 9, GIB(4), &p));
    CU_ASSERT_EQUAL(p, MIB(60));
    rangeset_add(&taken, (MIB(60) >> 12) + 1, (MIB(60) >> 12) + 1);
    CU_ASSERT_TRUE(early_find(&m, &taken, 0, GIB(4), &p));
    CU_ASSERT_EQUAL(p, MIB(62) - PAGE_SIZE);
    CU_ASSERT_TRUE(early_find(&m, &taken, 9, GIB(4), &p));
    CU_ASSERT_EQUAL(p, MIB(58));
    CU_ASSERT_TRUE(early_find(&m, &taken, 0, ~0ULL, &p));
    CU_ASSERT_EQUAL(p, GIB(5) - PAGE_SIZE);

    /* All of it, one by one; none below 1 MiB. */
    unsigned int n = 0;
    for (; early_find(&m, &taken, 2, GIB(4), &p); n++) {
        CU_ASSERT_TRUE_FATAL(p >= MIB(1) && p + 4 * PAGE_SIZE <= MIB(62) && !(p & (4 * PAGE_SIZE - 1)));
        CU_ASSERT_FALSE_FATAL(rangeset_contains(&taken, p >> 12, p >> 12));
        CU_ASSERT_EQUAL_FATAL(rangeset_add(&taken, p >> 12, (p >> 12) + 3), 0);
    }
    CU_ASSERT_EQUAL(n, (61 * 256 - 4) / 4);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"random", test_random}, {"limits", test_limits}, {"early search", test_early_find}, CU_TEST_INFO_NULL};
    return unit_run("memory_map", cases);
}
