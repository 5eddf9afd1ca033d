/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON writer: commas, indentation, escapes, and bytes that are no text. */
#include "libhv/json.h"
#include "unit.h"
#include <string.h>

static char *text;
static size_t size;

static void begin(struct json *j, bool lines)
{
    json_init(j, open_memstream(&text, &size), lines);
}

static void expect(struct json *j, const char *want)
{
    fclose(j->out);
    CU_ASSERT_STRING_EQUAL(text, want);
    free(text);
}

static void test_lines(void)
{
    struct json j;
    begin(&j, true);
    json_object_begin(&j, NULL);
    json_unsigned(&j, "a", UINT64_MAX);
    json_signed(&j, "b", INT64_MIN);
    json_array_begin(&j, "c");
    json_boolean(&j, NULL, true);
    json_boolean(&j, NULL, false);
    json_object_begin(&j, NULL);
    json_object_end(&j);
    json_array_end(&j);
    json_seconds(&j, "d", 12000000034);
    json_text(&j, "e", NULL);
    json_object_end(&j);
    json_text(&j, NULL, "next");
    expect(&j, "{\"a\": 18446744073709551615, \"b\": -9223372036854775808, \"c\": [true, false, {}], "
               "\"d\": 12.000000034, \"e\": null}\n\"next\"\n");
}

static void test_indented(void)
{
    struct json j;
    begin(&j, false);
    json_array_begin(&j, NULL);
    json_object_begin(&j, NULL);
    json_unsigned(&j, "a", 1);
    json_array_begin(&j, "b");
    json_array_end(&j);
    json_object_end(&j);
    json_unsigned(&j, NULL, 2);
    json_array_end(&j);
    expect(&j, "[\n  {\n    \"a\": 1,\n    \"b\": []\n  },\n  2\n]\n");
}

static void check_string(const char *bytes, size_t n, const char *want)
{
    struct json j;
    char line[200];
    begin(&j, true);
    json_bytes(&j, NULL, bytes, n);
    snprintf(line, sizeof(line), "\"%s\"\n", want);
    expect(&j, line);
}

static void test_escapes(void)
{
    check_string("a\"b\\c/", 6, "a\\\"b\\\\c/");
    check_string("\b\t\n\f\r\x01\x1f\x7f", 8, "\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f");
    check_string("a\0b", 3, "a\\u0000b");
    check_string("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9f", 15,
                 "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9f");
}

/* Each wrong byte is replaced, and what follows is read afresh. */
static void test_not_utf8(void)
{
    check_string("\xff", 1, "\\ufffd");
    check_string("\x80x", 2, "\\ufffdx");
    check_string("\xc3", 1, "\\ufffd");                                  /* cut off */
    check_string("\xc0\xaf", 2, "\\ufffd\\ufffd");                       /* overlong */
    check_string("\xe0\x80\xaf", 3, "\\ufffd\\ufffd\\ufffd");            /* overlong */
    check_string("\xed\xa0\x80", 3, "\\ufffd\\ufffd\\ufffd");            /* a surrogate */
    check_string("\xf4\x90\x80\x80", 4, "\\ufffd\\ufffd\\ufffd\\ufffd"); /* above U+10FFFF */
    check_string("\xe2\x82x", 3, "\\ufffd\\ufffdx");
}

/* Whatever the bytes, the output is ASCII or valid, has no control characters, and ends. */
static void test_random(void)
{
    for (unsigned round = 0; round < 2000; round++) {
        struct json j;
        char bytes[40];
        size_t n = unit_random_below(sizeof(bytes));
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)unit_random();
        begin(&j, true);
        json_bytes(&j, NULL, bytes, n);
        fclose(j.out);
        CU_ASSERT_EQUAL(text[0], '"');
        CU_ASSERT_STRING_EQUAL(text + size - 2, "\"\n");
        for (size_t i = 0; i + 1 < size; i++)
            CU_ASSERT_TRUE((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
        free(text);
    }
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"JSON lines", test_lines},    {"indented", test_indented},
        {"escapes", test_escapes},     {"bytes that are no UTF-8", test_not_utf8},
        {"random bytes", test_random}, CU_TEST_INFO_NULL,
    };
    return unit_run("json", cases);
}
