/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What most unit tests need around their cases: panic() that ends the test, random numbers that are the same in each
 * run, and a main function from a list of cases. Included by the one source file of a test.
 */
#ifndef HAVEN_TESTS_UNIT_H
#define HAVEN_TESTS_UNIT_H

#include "lib/assert.h"
#include <CUnit/Basic.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void panic(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    abort();
}

/* xorshift64*: the same sequence everywhere. */
static inline uint64_t unit_random(void)
{
    static uint64_t state = 0x2545f4914f6cdd1d;

    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x9e3779b97f4a7c15;
}

static inline uint64_t unit_random_below(uint64_t n)
{
    return unit_random() % n;
}

static inline int unit_run(const char *subject, CU_TestInfo *cases)
{
    CU_SuiteInfo suites[] = {{subject, NULL, NULL, NULL, NULL, cases}, CU_SUITE_INFO_NULL};

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return 2;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned int failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}

#endif
