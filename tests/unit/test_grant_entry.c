/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One grant: marks, counts, refusals; and a random walk against a simple model. */
#include "grant/entry.h"
#include "lib/assert.h"
#include <CUnit/Basic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void panic(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    abort();
}

static void test_marks(void)
{
    grant_entry_v1_t e = {.flags = GTF_permit_access, .domid = 7, .frame = 42};
    struct grant_active a = {0};
    CU_ASSERT_EQUAL(grant_entry_begin(&e, &a, 7, true), GNTST_okay);
    CU_ASSERT_EQUAL(e.flags, GTF_permit_access | GTF_reading);
    CU_ASSERT_EQUAL(a.frame, 42);
    e.frame = 43; /* the granter changes its mind: uses in progress keep the frame they began with */
    CU_ASSERT_EQUAL(grant_entry_begin(&e, &a, 7, false), GNTST_okay);
    CU_ASSERT_EQUAL(a.frame, 42);
    CU_ASSERT_EQUAL(e.flags, GTF_permit_access | GTF_reading | GTF_writing);
    grant_entry_end(&e, &a, false);
    CU_ASSERT_EQUAL(e.flags, GTF_permit_access | GTF_reading);
    grant_entry_end(&e, &a, true);
    CU_ASSERT_EQUAL(e.flags, GTF_permit_access);
}

static void test_refusals(void)
{
    struct grant_active a = {0};
    static const uint16_t bad_flags[] = {GTF_invalid, GTF_accept_transfer, GTF_transitive,
                                         GTF_permit_access | GTF_sub_page};
    for (unsigned int i = 0; i < 4; i++) {
        grant_entry_v1_t e = {.flags = bad_flags[i], .domid = 7};
        CU_ASSERT_EQUAL(grant_entry_begin(&e, &a, 7, true), GNTST_general_error);
        CU_ASSERT_EQUAL(e.flags, bad_flags[i]);
    }
    grant_entry_v1_t e = {.flags = GTF_permit_access | GTF_readonly, .domid = 7};
    CU_ASSERT_EQUAL(grant_entry_begin(&e, &a, 8, true), GNTST_general_error);
    CU_ASSERT_EQUAL(grant_entry_begin(&e, &a, 7, false), GNTST_general_error);
    CU_ASSERT_FALSE(grant_active_in_use(&a));
    CU_ASSERT_EQUAL(grant_entry_begin(&e, &a, 7, true), GNTST_okay);
    e.domid = 8; /* in use by 7: another domain must wait */
    CU_ASSERT_EQUAL(grant_entry_begin(&e, &a, 8, true), GNTST_general_error);
}

static void test_count_overflow(void)
{
    grant_entry_v1_t e = {.flags = GTF_permit_access, .domid = 1};
    struct grant_active a = {0};
    for (unsigned int i = 0; i < UINT16_MAX; i++)
        CU_ASSERT_EQUAL_FATAL(grant_entry_begin(&e, &a, 1, true), GNTST_okay);
    CU_ASSERT_EQUAL(grant_entry_begin(&e, &a, 1, true), GNTST_no_space);
    for (unsigned int i = 0; i < UINT16_MAX; i++)
        grant_entry_end(&e, &a, true);
    CU_ASSERT_EQUAL(e.flags, GTF_permit_access);
    CU_ASSERT_FALSE(grant_active_in_use(&a));
}

static void test_random(void)
{
    grant_entry_v1_t e = {.flags = GTF_permit_access, .domid = 1, .frame = 9};
    struct grant_active a = {0};
    unsigned int readers = 0, writers = 0;
    srand(1);
    for (unsigned int step = 0; step < 100000; step++) {
        bool readonly = rand() & 1;
        unsigned int *count = readonly ? &readers : &writers;
        if (rand() % 100 < 50) {
            if (grant_entry_begin(&e, &a, 1, readonly) == GNTST_okay)
                (*count)++;
        } else if (*count) {
            grant_entry_end(&e, &a, readonly);
            (*count)--;
        }
        CU_ASSERT_EQUAL_FATAL(a.readers, readers);
        CU_ASSERT_EQUAL_FATAL(a.writers, writers);
        CU_ASSERT_EQUAL_FATAL(!!(e.flags & GTF_reading), readers + writers > 0);
        CU_ASSERT_EQUAL_FATAL(!!(e.flags & GTF_writing), writers > 0);
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("grant_entry", NULL, NULL);
    CU_add_test(s, "marks follow the uses", test_marks);
    CU_add_test(s, "what is refused changes nothing", test_refusals);
    CU_add_test(s, "counts do not overflow", test_count_overflow);
    CU_add_test(s, "random uses against a model", test_random);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() || CU_get_error() ? 1 : 0;
}
