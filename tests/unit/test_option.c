/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words and sizes of a command line. */
#include "lib/option.h"
#include "unit.h"
#include <string.h>

static void test_words(void)
{
    const char *line = "  console=com1\tdom0_mem=768M   averyverylongword last ";
    char word[14];

    CU_ASSERT_TRUE(option_next_word(&line, word, sizeof(word)));
    CU_ASSERT_STRING_EQUAL(word, "console=com1");
    CU_ASSERT_TRUE(option_next_word(&line, word, sizeof(word)));
    CU_ASSERT_STRING_EQUAL(word, "dom0_mem=768M");
    CU_ASSERT_TRUE(option_next_word(&line, word, sizeof(word)));
    CU_ASSERT_STRING_EQUAL(word, "averyverylong"); /* cut, and the rest of the word is gone with it */
    CU_ASSERT_TRUE(option_next_word(&line, word, sizeof(word)));
    CU_ASSERT_STRING_EQUAL(word, "last");
    CU_ASSERT_FALSE(option_next_word(&line, word, sizeof(word)));
    CU_ASSERT_FALSE(option_next_word(&line, word, sizeof(word)));

    const char *blank = "   ";
    CU_ASSERT_FALSE(option_next_word(&blank, word, sizeof(word)));
}

static void check_size(const char *text, uint64_t value, size_t taken)
{
    const char *end;

    CU_ASSERT_EQUAL(option_parse_size(text, &end), value);
    CU_ASSERT_EQUAL((size_t)(end - text), taken);
}

static void test_sizes(void)
{
    check_size("512M", MIB(512), 4);
    check_size("1g,max:2G", GIB(1), 2);
    check_size("64k", KIB(64), 3);
    check_size("123", 123, 3);
    check_size("123B", 123, 4);
    check_size("0x1000", 0x1000, 6);
    check_size("0xfFk", KIB(255), 5);
    check_size("0", 0, 1);
    check_size("2T", 2ULL << 40, 2);
}

static void test_bad_sizes(void)
{
    check_size("", 0, 0);
    check_size("M", 0, 0);
    check_size("max:1G", 0, 0);
    check_size("0x", 0, 1); /* a zero, and then something else */
    check_size("-5", 0, 0);
    check_size("12q", 12, 2);
}

static void test_overflow(void)
{
    const char *end, *text = "99999999999999999999999";

    CU_ASSERT_TRUE(option_parse_size(text, &end) > 1ULL << 60);
    CU_ASSERT_EQUAL(*end, '\0');
    check_size("18446744073709551615", ~0ULL, 20);
    check_size("18446744073709551615K", ~0ULL, 21);
    check_size("99999999999G", ~0ULL, 12);
}

int main(void)
{
    CU_TestInfo cases[] = {{"words", test_words},
                           {"sizes", test_sizes},
                           {"bad sizes", test_bad_sizes},
                           {"overflow", test_overflow},
                           CU_TEST_INFO_NULL};
    return unit_run("option", cases);
}
