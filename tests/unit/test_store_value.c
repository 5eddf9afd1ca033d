/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of the store as text and back. */
#include "cli/value.h"
#include "unit.h"

#include <string.h>

static void escapes(void)
{
    static const char value[] = "a\tb\nc\rd\\e\0\007\010 ~\177\377";
    char *text = value_escape(value, sizeof(value) - 1);

    CU_ASSERT_STRING_EQUAL(text, "a\\tb\\nc\\rd\\\\e\\000\\007\\x08 ~\\x7f\\xff");
    free(text);
}

static void check_unescape(const char *text, const char *bytes, size_t length)
{
    size_t got_length = 0;
    char *got = value_unescape(text, &got_length);

    CU_ASSERT_EQUAL_FATAL(got_length, length);
    CU_ASSERT_FALSE(memcmp(got, bytes, length));
    free(got);
}

static void unescapes(void)
{
    check_unescape("", "", 0);
    check_unescape("plain", "plain", 5);
    check_unescape("\\t\\n\\r\\\\", "\t\n\r\\", 4);
    check_unescape("\\101\\1018\\7x", "AA8\007x", 5);
    check_unescape("\\x41\\x4g\\xxy", "A\x04gxxy", 6);
    check_unescape("\\q\\8", "q8", 2);
    check_unescape("end\\", "end", 4); /* with its null byte, as xenstore-write sends it */
}

static void any_bytes_come_back(void)
{
    char bytes[300];

    for (int i = 0; i < 300; i++)
        bytes[i] = (char)(i < 256 ? i : (int)unit_random());
    char *text = value_escape(bytes, sizeof(bytes));
    check_unescape(text, bytes, sizeof(bytes));
    free(text);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"escapes", escapes},
        {"unescapes", unescapes},
        {"any bytes come back", any_bytes_come_back},
        CU_TEST_INFO_NULL,
    };
    return unit_run("store values", cases);
}
