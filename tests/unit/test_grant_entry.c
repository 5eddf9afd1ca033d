/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One grant: marks, counts, refusals; and a random walk against a simple model. */
#include "grant/entry.h"
#include "unit.h"

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
    for (unsigned int step = 0; step < 100000; step++) {
        bool readonly = unit_random() & 1;
        unsigned int *count = readonly ? &readers : &writers;
        if (unit_random() % 100 < 50) {
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
    CU_TestInfo cases[] = {{"marks follow the uses", test_marks},
                           {"what is refused changes nothing", test_refusals},
                           {"counts do not overflow", test_count_overflow},
                           {"random uses against a model", test_random},
                           CU_TEST_INFO_NULL};
    return unit_run("grant_entry", cases);
}
