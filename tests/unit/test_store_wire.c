/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store's parsers: framing, strings, numbers, paths, permissions. */
#include "store_client.h"
#include "xenstore/path.h"
#include "xenstore/perms.h"
#include "xenstore/wire.h"

static void test_framing(void)
{
    struct xsd_sockmsg header = {.len = XENSTORE_PAYLOAD_MAX};
    const char *bytes = (const char *)&header;

    CU_ASSERT_EQUAL(wire_message_length(bytes, 0), 0);
    CU_ASSERT_EQUAL(wire_message_length(bytes, sizeof(header) - 1), 0);
    CU_ASSERT_EQUAL(wire_message_length(bytes, sizeof(header)), 16 + XENSTORE_PAYLOAD_MAX);
    header.len++;
    CU_ASSERT_EQUAL(wire_message_length(bytes, sizeof(header)), -1);
    header.len = UINT32_MAX;
    CU_ASSERT_EQUAL(wire_message_length(bytes, sizeof(header)), -1);
}

static void test_strings(void)
{
    struct wire_string s[2];

    CU_ASSERT_EQUAL(wire_strings("", 0, s, 2), 0);
    CU_ASSERT_EQUAL(wire_strings("abc", 3, s, 2), 0);
    CU_ASSERT_EQUAL(wire_strings("ab\0c", 4, s, 2), 1);
    CU_ASSERT_EQUAL(s[0].length, 2);
    CU_ASSERT_EQUAL(wire_strings("a\0\0b\0", 5, s, 2), 3);
    CU_ASSERT_EQUAL(s[1].length, 0);
    CU_ASSERT_FALSE(wire_one_string("", 0, s));
    CU_ASSERT_FALSE(wire_one_string("ab", 2, s));
    CU_ASSERT_FALSE(wire_one_string("a\0b\0", 4, s));
    CU_ASSERT_TRUE(wire_one_string("ab", 3, s));
    CU_ASSERT_EQUAL(s[0].length, 2);
}

static void test_numbers(void)
{
    unsigned long n;
    char text[24];

    CU_ASSERT_TRUE(wire_number(&(struct wire_string){"4711", 4}, &n) && n == 4711);
    CU_ASSERT_FALSE(wire_number(&(struct wire_string){"", 0}, &n));
    CU_ASSERT_FALSE(wire_number(&(struct wire_string){"12x", 3}, &n));
    CU_ASSERT_FALSE(wire_number(&(struct wire_string){"-1", 2}, &n));
    CU_ASSERT_FALSE(wire_number(&(struct wire_string){"9999999999999999999", 19}, &n));
    CU_ASSERT_EQUAL(wire_format_number(text, UINT64_MAX), 20);
    CU_ASSERT_STRING_EQUAL(text, "18446744073709551615");
    CU_ASSERT_EQUAL(wire_format_number(text, 0), 1);
    CU_ASSERT_STRING_EQUAL(text, "0");
}

static bool valid(const char *text)
{
    static struct path path;
    return path_parse(&path, text, strlen(text), XENSTORE_REL_PATH_MAX);
}

static void test_paths(void)
{
    static char text[PATH_LENGTH_MAX + 16];
    static struct path path, pushed;

    CU_ASSERT_TRUE(valid("/") && valid("/a") && valid("/a/b-c_d@e/0"));
    CU_ASSERT_FALSE(valid("") || valid("a") || valid("//") || valid("/a/") || valid("/a//b"));
    CU_ASSERT_FALSE(valid("/a b") || valid("/a.b") || valid("/\x80") || valid("@releaseDomain"));

    CU_ASSERT_TRUE(path_parse(&path, "/local/domain/7", 15, 2048));
    CU_ASSERT_EQUAL(path.depth, 3);
    CU_ASSERT_EQUAL(path_part_length(&path, 1), 6);
    CU_ASSERT_TRUE(!memcmp(path_part_name(&path, 1), "domain", 6));
    CU_ASSERT_EQUAL(path_prefix_length(&path, 2), 13);
    CU_ASSERT_EQUAL(path_prefix_hash(&path, 3), path_hash_text("/local/domain/7", 15));

    /* Pushing gives the same as parsing. */
    memcpy(text, "/", 1);
    pushed = (struct path){.text = text, .length = 1};
    path_push(&pushed, text, "local", 5);
    path_push(&pushed, text, "domain", 6);
    path_push(&pushed, text, "7", 1);
    CU_ASSERT_TRUE(pushed.depth == 3 && pushed.length == 15 && pushed.part[2].hash == path.part[2].hash);
    path_pop(&pushed);
    CU_ASSERT_TRUE(pushed.depth == 2 && pushed.length == 13);

    /* The longest name: 2048, not counting a domain's own prefix. */
    memset(text, 'x', sizeof(text));
    text[0] = '/';
    CU_ASSERT_TRUE(path_parse(&path, text, 2048, 2048));
    CU_ASSERT_FALSE(path_parse(&path, text, 2049, 2048));
    memcpy(text, "/local/domain/12/", 17);
    CU_ASSERT_TRUE(path_parse(&path, text, 2048 + 17, 2048));
    CU_ASSERT_FALSE(path_parse(&path, text, 2049 + 17, 2048));
    memcpy(text, "/local/domain/123456/", 21);
    CU_ASSERT_FALSE(path_parse(&path, text, 2049, 2048));
    CU_ASSERT_FALSE(path_parse(&path, text, sizeof(text), 100000));
}

static bool parses(const char *text, unsigned domid, unsigned bits)
{
    struct perm perm;
    const char *end = text + strlen(text) + 1;
    return perm_parse(&perm, text, end) == end && perm.domid == domid && perm.bits == bits;
}

static void test_permissions(void)
{
    struct perm list[] = {{5, PERM_NONE}, {7, PERM_READ}, {8, PERM_READ | PERM_WRITE}, {9, PERM_READ | PERM_STALE}};
    struct actor owner = {5, ACTOR_NO_TARGET, false}, reader = {7, ACTOR_NO_TARGET, false},
                 writer = {8, ACTOR_NO_TARGET, false}, other = {6, ACTOR_NO_TARGET, false},
                 stale = {9, ACTOR_NO_TARGET, false}, helper = {6, 5, false}, root = {0, ACTOR_NO_TARGET, true};
    struct perms *perms = perms_new(list, 4);
    struct perm unused;
    char text[64];

    CU_ASSERT_TRUE(parses("r0", 0, PERM_READ) && parses("w65535", 65535, PERM_WRITE) && parses("n12", 12, PERM_NONE));
    CU_ASSERT_TRUE(parses("b1", 1, PERM_READ | PERM_WRITE));
    CU_ASSERT_FALSE(parses("x1", 1, 0) || parses("r", 0, 0) || parses("r65536", 0, 0) || parses("r1x", 1, 0));
    CU_ASSERT_PTR_NULL(perm_parse(&unused, "r1", "r1")); /* nothing there */
    char open_end[] = {'r', '1'};
    CU_ASSERT_PTR_NULL(perm_parse(&unused, open_end, open_end + 2));

    CU_ASSERT_EQUAL(perms_for(perms, &owner), PERM_READ | PERM_WRITE | PERM_OWNER);
    CU_ASSERT_EQUAL(perms_for(perms, &helper), PERM_READ | PERM_WRITE | PERM_OWNER);
    CU_ASSERT_EQUAL(perms_for(perms, &root), PERM_READ | PERM_WRITE | PERM_OWNER);
    CU_ASSERT_EQUAL(perms_for(perms, &reader), PERM_READ);
    CU_ASSERT_EQUAL(perms_for(perms, &writer), PERM_READ | PERM_WRITE);
    CU_ASSERT_EQUAL(perms_for(perms, &other), PERM_NONE);
    CU_ASSERT_EQUAL(perms_for(perms, &stale), PERM_NONE);

    size_t length = perms_format(perms, text, sizeof(text));
    CU_ASSERT_TRUE(length == 12 && !memcmp(text, "n5\0r7\0b8\0r9", 12));
    CU_ASSERT_EQUAL(perms_format(perms, text, 11), 0);
    struct perms *without = perms_without(perms, 7);
    CU_ASSERT_TRUE(perms_mention(perms, 7) && !perms_mention(without, 7) && perms_for(without, &reader) == PERM_NONE);
    perms_put(without);
    perms_put(perms);
}

int main(void)
{
    CU_TestInfo cases[] = {{"framing", test_framing}, {"strings of a payload", test_strings}, {"numbers", test_numbers},
                           {"paths", test_paths},     {"permissions", test_permissions},      CU_TEST_INFO_NULL};
    return unit_run("store wire", cases);
}
