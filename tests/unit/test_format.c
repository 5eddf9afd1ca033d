/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted printing against the C library's, over all combinations of flags, width and size. */
#include "lib/format.h"
#include "lib/types.h"
#include "unit.h"
#include <string.h>

/* The compiler cannot check formats that are put together here. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-security"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wformat-overflow"
#endif

static unsigned int mismatches;

#define COMPARE(fmt, ...)                                                                                              \
    do {                                                                                                               \
        char ours[64], theirs[64];                                                                                     \
        int our_length = format_string(ours, sizeof(ours), (fmt), __VA_ARGS__);                                        \
        int their_length = snprintf(theirs, sizeof(theirs), (fmt), __VA_ARGS__);                                       \
        if (our_length != their_length || strcmp(ours, theirs)) {                                                      \
            printf("\n    \"%s\": \"%s\" (%d), wanted \"%s\" (%d)", (fmt), ours, our_length, theirs, their_length);    \
            mismatches++;                                                                                              \
        }                                                                                                              \
    } while (0)

static void compare_integers(const char *flags, const char *width)
{
    static const char *const conversions = "dux";
    static const uint64_t values[] = {0,          1,          9,     42,         0x7fffffff,
                                      0x80000000, 0xffffffff, ~0ULL, 1ULL << 63, 0xdeadbeefcafe};

    for (unsigned int c = 0; conversions[c]; c++) {
        for (unsigned int v = 0; v < ARRAY_SIZE(values); v++) {
            char fmt[32];
            snprintf(fmt, sizeof(fmt), "[%%%s%s%c]", flags, width, conversions[c]);
            COMPARE(fmt, (int)values[v]);
            snprintf(fmt, sizeof(fmt), "[%%%s%sl%c]", flags, width, conversions[c]);
            COMPARE(fmt, (long)values[v]);
            snprintf(fmt, sizeof(fmt), "[%%%s%sll%c]", flags, width, conversions[c]);
            COMPARE(fmt, (long long)values[v]);
            snprintf(fmt, sizeof(fmt), "[%%%s%sz%c]", flags, width, conversions[c]);
            COMPARE(fmt, (size_t)values[v]);
        }
    }
}

static void test_integers(void)
{
    static const char *const flags[] = {"", "-", "0", "#", "-0", "#0", "-#"};
    static const char *const widths[] = {"", "1", "5", "20"};

    mismatches = 0;
    for (unsigned int f = 0; f < ARRAY_SIZE(flags); f++)
        for (unsigned int w = 0; w < ARRAY_SIZE(widths); w++)
            compare_integers(flags[f], widths[w]);
    CU_ASSERT_EQUAL(mismatches, 0);
}

static void test_text(void)
{
    mismatches = 0;
    COMPARE("%s|%5s|%-5s|%.2s|%c%%", "abc", "de", "fg", "hijk", 'l');
    COMPARE("%6d|%-6d|%3c|%.3s", 42, 42, 'x', "abcdef");
    COMPARE("%p", (void *)0x1234);
    CU_ASSERT_EQUAL(mismatches, 0);

    char not_terminated[3] = {'a', 'b', 'c'}, buf[8];
    CU_ASSERT_EQUAL(format_string(buf, sizeof(buf), "%.3s", not_terminated), 3);
    CU_ASSERT_STRING_EQUAL(buf, "abc");
    CU_ASSERT_EQUAL(format_string(buf, sizeof(buf), "%s", (char *)NULL), 6);
    CU_ASSERT_EQUAL(format_string(buf, sizeof(buf), "%5y%"), 4);
    CU_ASSERT_STRING_EQUAL(buf, "%5y%");
}

static void test_truncation(void)
{
    char buf[8];

    memset(buf, 'x', sizeof(buf));
    CU_ASSERT_EQUAL(format_string(buf, 5, "%d", 1234567), 7);
    CU_ASSERT_STRING_EQUAL(buf, "1234");
    CU_ASSERT_EQUAL(buf[5], 'x');
    CU_ASSERT_EQUAL(format_string(NULL, 0, "%d", 1234567), 7);
    CU_ASSERT_EQUAL(format_string(buf, 1, "%d", 1), 1);
    CU_ASSERT_STRING_EQUAL(buf, "");
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"integers", test_integers}, {"text", test_text}, {"truncation", test_truncation}, CU_TEST_INFO_NULL};
    return unit_run("format", cases);
}
