/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors and selectors that a guest may and may not have. */
#include "cpu/desc.h"
#include "guest/pv/descriptor_tables.h"
#include <CUnit/Basic.h>
#include <stdlib.h>

#define TYPE(t) ((uint64_t)(t) << 40)
#define CODE    (1ULL << 44)
#define DPL(n)  ((uint64_t)(n) << 45)
#define PRESENT (1ULL << 47)

static void test_flat_segments(void)
{
    static const uint64_t kernel[] = {
        0x00af9b000000ffff, /* 64-bit code */
        0x00cf93000000ffff, /* data */
        0x00cf9b000000ffff, /* 32-bit code */
        0x00cf9f000000ffff, /* conforming code */
        0x00cf97000000ffff, /* expand-down data */
    };

    for (unsigned int i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++) {
        uint64_t d = kernel[i];
        CU_ASSERT(descriptor_check(&d));
        CU_ASSERT_EQUAL(d, kernel[i] | DPL(3));
    }
}

static void test_system_descriptors(void)
{
    for (unsigned int type = 0; type < 16; type++) {
        for (unsigned int dpl = 0; dpl < 4; dpl++) {
            uint64_t d = PRESENT | DPL(dpl) | TYPE(type) | 0x00000034e0081234, before = d & ~CODE;
            d = before;
            CU_ASSERT_EQUAL(descriptor_check(&d), type == 0);
            CU_ASSERT_EQUAL(d, before);
            d = before & ~PRESENT;
            CU_ASSERT(descriptor_check(&d)); /* faults when it is used */
            CU_ASSERT_EQUAL(d, before & ~PRESENT);
        }
    }
}

/* Whatever is accepted and present is a segment of privilege level 3, or of the type that the CPU refuses. */
static void test_random(void)
{
    srand(1);
    for (unsigned int i = 0; i < 200000; i++) {
        uint64_t in = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand(), d = in;
        if (!descriptor_check(&d)) {
            CU_ASSERT_EQUAL(d, in);
            continue;
        }
        bool harmless = !(d & PRESENT) || ((d & CODE) ? (d & DPL(3)) == DPL(3) : !(d & TYPE(15)));
        if (!harmless || (d | DPL(3)) != (in | DPL(3)))
            CU_FAIL("a bad descriptor was accepted, or a good one changed");
    }
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite s = CU_add_suite("descriptors", NULL, NULL);
    CU_add_test(s, "flat segments", test_flat_segments);
    CU_add_test(s, "system descriptors", test_system_descriptors);
    CU_add_test(s, "random descriptors", test_random);
    CU_basic_run_tests();
    int failed = CU_get_number_of_failures() != 0 || CU_get_number_of_tests_run() != 3;
    CU_cleanup_registry();
    return failed;
}
