/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests against a store without sockets: who gets what, who gets which error, and who hears of it. */
#include "store_client.h"

static struct store store;
static struct connection dom0, dom1, dom2;
static bool domain_9_lives;

static bool exists(void *context, unsigned domid)
{
    (void)context;
    return domid < 9 || (domid == 9 && domain_9_lives);
}
static bool introduced(void *context, unsigned domid)
{
    (void)context;
    return domid == 1;
}

static void begin(void)
{
    static const struct store_host host = {.exists = exists, .introduced = introduced};

    store_init(&store);
    store.host = &host;
    domain_9_lives = true;
    connection_init(&dom0, &store, 0, false);
    connection_init(&dom1, &store, 1, false);
    connection_init(&dom2, &store, 2, false);
    EXPECT(client_ask(&dom0, XS_MKDIR, 0, "/local/domain/1"), "OK");
    EXPECT(client_ask(&dom0, XS_SET_PERMS, 0, "/local/domain/1|n1"), "OK");
    EXPECT(client_ask(&dom0, XS_MKDIR, 0, "/local/domain/2"), "OK");
    EXPECT(client_ask(&dom0, XS_SET_PERMS, 0, "/local/domain/2|n2|r1"), "OK");
}

static void end(void)
{
    connection_close(&dom0);
    connection_close(&dom1);
    connection_close(&dom2);
    store_free(&store);
}

static void test_nodes(void)
{
    begin();
    EXPECT(client_write(&dom0, 0, "/a/b/c", "value"), "OK");
    EXPECT(client_ask(&dom0, XS_READ, 0, "/a/b/c"), "value");
    EXPECT(client_ask(&dom0, XS_READ, 0, "/a/b"), "");
    EXPECT(client_ask(&dom0, XS_DIRECTORY, 0, "/a"), "b");
    EXPECT(client_write(&dom0, 0, "/a/z", ""), "OK");
    EXPECT(client_write(&dom0, 0, "/a/d", ""), "OK");
    EXPECT(client_ask(&dom0, XS_DIRECTORY, 0, "/a"), "b|z|d"); /* in the order of creation */
    EXPECT(client_ask(&dom0, XS_RM, 0, "/a/z"), "OK");
    EXPECT(client_ask(&dom0, XS_RM, 0, "/a/z"), "OK"); /* it is gone, which is what was asked */
    EXPECT(client_ask(&dom0, XS_RM, 0, "/a/x/z"), "ENOENT");
    EXPECT(client_ask(&dom0, XS_RM, 0, "/"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_DIRECTORY, 0, "/a"), "b|d");
    EXPECT(client_ask(&dom0, XS_MKDIR, 0, "/a/b/c"), "OK");
    EXPECT(client_ask(&dom0, XS_READ, 0, "/a/b/c"), "value");
    EXPECT(client_ask(&dom0, XS_RM, 0, "/a"), "OK");
    EXPECT(client_ask(&dom0, XS_READ, 0, "/a/b/c"), "ENOENT");
    EXPECT(client_ask_bytes(&dom0, XS_WRITE, 0, "/bin\0\0\1\0x", 9), "OK"); /* values are bytes */
    CU_ASSERT_EQUAL(client_ask(&dom0, XS_READ, 0, "/bin")->header.len, 4);
    end();
}

static void test_malformed(void)
{
    begin();
    EXPECT(client_ask(&dom0, XS_READ, 0, "relative/there/is/none"), "ENOENT");
    EXPECT(client_ask(&dom0, XS_READ, 0, ""), "EINVAL");
    EXPECT(client_ask(&dom0, XS_READ, 0, "/a//b"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_READ, 0, "/a|/b"), "EINVAL");
    EXPECT(client_ask_bytes(&dom0, XS_READ, 0, "/tool", 5), "EINVAL"); /* not terminated */
    EXPECT(client_ask_bytes(&dom0, XS_READ, 0, "", 0), "EINVAL");
    EXPECT(client_ask_bytes(&dom0, XS_WRITE, 0, "/tool", 5), "EINVAL");
    EXPECT(client_ask(&dom0, XS_WATCH, 0, "/tool"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_WATCH, 0, "/tool|token|0"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_SET_PERMS, 0, "/tool"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_SET_PERMS, 0, "/tool|q1"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_TRANSACTION_END, 0, "T"), "ENOENT");
    EXPECT(client_ask(&dom0, XS_TRANSACTION_END, 7, "T"), "ENOENT");
    EXPECT(client_ask(&dom0, XS_TRANSACTION_END, 0, "X"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_INTRODUCE, 0, "1|2"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_INTRODUCE, 0, "0|2|3"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_DIRECTORY_PART, 0, "/"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_CONTROL, 0, "no-such-command"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_WATCH_EVENT, 0, "x"), "ENOSYS");
    EXPECT(client_ask(&dom0, 20, 0, "x"), "ENOSYS");
    EXPECT(client_ask(&dom0, XS_TYPE_COUNT, 0, "x"), "ENOSYS");
    EXPECT(client_ask(&dom0, UINT32_MAX, 0, "x"), "ENOSYS");
    end();
}

static void test_access(void)
{
    begin();
    EXPECT(client_write(&dom1, 0, "own", "1"), "OK");
    EXPECT(client_ask(&dom0, XS_READ, 0, "/local/domain/1/own"), "1");
    EXPECT(client_ask(&dom1, XS_GET_PERMS, 0, "own"), "n1");
    EXPECT(client_ask(&dom2, XS_READ, 0, "/local/domain/1/own"), "EACCES");
    /* Nobody learns what he may not see: missing nodes look like forbidden ones. */
    EXPECT(client_ask(&dom2, XS_READ, 0, "/local/domain/1/missing"), "EACCES");
    EXPECT(client_ask(&dom1, XS_READ, 0, "missing"), "ENOENT");
    EXPECT(client_ask(&dom1, XS_READ, 0, "/local/domain/2/missing"), "ENOENT");
    EXPECT(client_write(&dom1, 0, "/local/domain/2/x", "1"), "EACCES");
    EXPECT(client_write(&dom1, 0, "/tool/x", "1"), "EACCES");
    EXPECT(client_ask(&dom1, XS_RM, 0, "/local/domain/2"), "EACCES");
    EXPECT(client_ask(&dom1, XS_SET_PERMS, 0, "own|n1|r2"), "OK");
    EXPECT(client_ask(&dom2, XS_READ, 0, "/local/domain/1/own"), "1");
    EXPECT(client_write(&dom2, 0, "/local/domain/1/own", "2"), "EACCES");
    EXPECT(client_ask(&dom1, XS_SET_PERMS, 0, "own|n2"), "EPERM"); /* giving away is for dom0 */
    EXPECT(client_ask(&dom0, XS_SET_PERMS, 0, "/local/domain/1/own|n2"), "OK");
    EXPECT(client_ask(&dom0, XS_SET_PERMS, 0, "/local/domain/1/own|n77"), "ENOENT");
    EXPECT(client_ask(&dom1, XS_READ, 0, "own"), "EACCES");
    for (unsigned type = 0; type < XS_TYPE_COUNT; type++) {
        bool privileged = type == XS_CONTROL || type == XS_INTRODUCE || type == XS_RELEASE || type == XS_RESUME ||
                          type == XS_SET_TARGET || type == XS_IS_DOMAIN_INTRODUCED;
        if (privileged)
            EXPECT(client_ask(&dom1, type, 0, "1|2|3"), "EACCES");
    }
    dom1.actor.target = 2; /* as SET_TARGET does */
    EXPECT(client_ask(&dom1, XS_READ, 0, "own"), "1");
    end();
}

/* Answers READs of one name in a list whose parts are taken with DIRECTORY_PART. */
static void test_long_directory(void)
{
    char path[64], expected[32];
    size_t offset = 0;
    unsigned seen = 0;

    begin();
    for (unsigned i = 0; i < 1500; i++) {
        snprintf(path, sizeof(path), "/many/child-number-%u", i);
        EXPECT(client_write(&dom0, 0, path, ""), "OK");
    }
    EXPECT(client_ask(&dom0, XS_DIRECTORY, 0, "/many"), "E2BIG");
    for (bool more = true; more;) {
        snprintf(path, sizeof(path), "/many|%zu", offset);
        struct answer *answer = client_ask(&dom0, XS_DIRECTORY_PART, 0, path);
        size_t at = strlen(answer->payload) + 1;
        CU_ASSERT_TRUE_FATAL(at < answer->header.len);
        while (at < answer->header.len) {
            size_t length = strlen(answer->payload + at);
            more = length > 0;
            if (more) {
                snprintf(expected, sizeof(expected), "child-number-%u", seen++);
                CU_ASSERT_STRING_EQUAL(answer->payload + at, expected);
                offset += length + 1;
            }
            at += length + 1;
        }
    }
    CU_ASSERT_EQUAL(seen, 1500);
    /* Removing most of them closes the holes; the rest keeps its order. */
    for (unsigned i = 0; i < 1500; i++) {
        snprintf(path, sizeof(path), "/many/child-number-%u", i);
        if (i % 500 != 7)
            EXPECT(client_ask(&dom0, XS_RM, 0, path), "OK");
    }
    EXPECT(client_ask(&dom0, XS_DIRECTORY, 0, "/many"), "child-number-7|child-number-507|child-number-1007");
    for (unsigned i = 0; i < 3000; i++) {
        EXPECT(client_write(&dom0, 0, "/many/x", ""), "OK");
        EXPECT(client_ask(&dom0, XS_RM, 0, "/many/x"), "OK");
    }
    EXPECT(client_ask(&dom0, XS_READ, 0, "/many/child-number-507"), "");
    EXPECT(client_ask(&dom0, XS_CONTROL, 0, "check"), "OK");
    end();
}

static void expect_event(struct connection *client, const char *text)
{
    static struct answer answer;

    CU_ASSERT_TRUE(client_take(client, &answer));
    CU_ASSERT_EQUAL(answer.header.type, XS_WATCH_EVENT);
    EXPECT(&answer, text);
}

static void expect_silence(struct connection *client)
{
    static struct answer answer;
    CU_ASSERT_FALSE(client_take(client, &answer));
}

static void test_watches(void)
{
    begin();
    EXPECT(client_ask(&dom0, XS_WATCH, 0, "/a|t"), "OK");
    expect_event(&dom0, "/a|t"); /* each watch begins with one */
    EXPECT(client_ask(&dom0, XS_WATCH, 0, "/a|t"), "EEXIST");
    EXPECT(client_ask(&dom0, XS_UNWATCH, 0, "/a|other"), "ENOENT");
    struct connection other;
    connection_init(&other, &store, 0, false);
    client_write(&other, 0, "/a/b/c", "1");
    expect_event(&dom0, "/a/b/c|t");
    client_write(&other, 0, "/ab", "1");       /* no part of /a */
    client_ask(&other, XS_MKDIR, 0, "/a/b/c"); /* changes nothing */
    expect_silence(&dom0);
    client_ask(&other, XS_SET_PERMS, 0, "/a/b|n0|r1");
    expect_event(&dom0, "/a/b|t");
    EXPECT(client_ask(&dom0, XS_WATCH, 0, "/a/b/c|deep"), "OK");
    expect_event(&dom0, "/a/b/c|deep");
    client_ask(&other, XS_RM, 0,
               "/a/b"); /* who watches below hears of his own node, who watches above of the removed */
    expect_event(&dom0, "/a/b/c|deep");
    expect_event(&dom0, "/a/b|t");
    expect_silence(&dom0);
    /* The same event is not queued twice behind each other. */
    client_write(&other, 0, "/a", "1");
    client_write(&other, 0, "/a", "2");
    expect_event(&dom0, "/a|t");
    expect_silence(&dom0);
    EXPECT(client_ask(&dom0, XS_UNWATCH, 0, "/a|t"), "OK");
    client_write(&other, 0, "/a", "3");
    expect_silence(&dom0);
    EXPECT(client_ask(&dom0, XS_RESET_WATCHES, 0, ""), "OK");
    CU_ASSERT_EQUAL(store.watches.count, 0);
    connection_close(&other);
    end();
}

static void test_watch_access(void)
{
    begin();
    EXPECT(client_ask(&dom1, XS_WATCH, 0, "mine|rel"), "OK");
    expect_event(&dom1, "mine|rel");
    client_write(&dom0, 0, "/local/domain/1/mine/x", "1");
    expect_event(&dom1, "mine/x|rel"); /* relative, as the watch was */
    EXPECT(client_ask(&dom2, XS_WATCH, 0, "/local/domain|all"), "OK");
    expect_event(&dom2, "/local/domain|all");
    client_write(&dom0, 0, "/local/domain/1/mine/x", "2"); /* not for others to see */
    expect_silence(&dom2);
    client_ask(&dom0, XS_SET_PERMS, 0, "/local/domain/1/mine/x|n1|r2"); /* now it is, and so is what was its end */
    expect_event(&dom2, "/local/domain/1/mine/x|all");
    client_ask(&dom0, XS_SET_PERMS, 0, "/local/domain/1/mine/x|n1");
    expect_event(&dom2, "/local/domain/1/mine/x|all");
    client_write(&dom0, 0, "/local/domain/1/mine/x", "3");
    expect_silence(&dom2);
    /* Special events: for the privileged, and those that permissions name. */
    EXPECT(client_ask(&dom2, XS_WATCH, 0, "@releaseDomain|r"), "OK");
    expect_event(&dom2, "@releaseDomain|r");
    store_fire_special(&store, SPECIAL_RELEASE);
    expect_silence(&dom2);
    EXPECT(client_ask(&dom2, XS_SET_PERMS, 0, "@releaseDomain|n0|r2"), "EACCES");
    EXPECT(client_ask(&dom0, XS_SET_PERMS, 0, "@releaseDomain|n0|r2"), "OK");
    EXPECT(client_ask(&dom0, XS_SET_PERMS, 0, "@other|n0|r2"), "EINVAL");
    store_fire_special(&store, SPECIAL_RELEASE);
    expect_event(&dom2, "@releaseDomain|r");
    end();
}

static void test_many_watches(void)
{
    char text[64];

    begin();
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(text, sizeof(text), "/w/%u|token%u", i % 1000, i);
        EXPECT(client_ask(&dom0, XS_WATCH, 0, text), "OK");
        snprintf(text, sizeof(text), "/w/%u|token%u", i % 1000, i);
        expect_event(&dom0, text);
    }
    client_write(&dom1, 0, "data", "1");
    expect_silence(&dom0);
    struct connection other;
    connection_init(&other, &store, 0, false);
    client_write(&other, 0, "/w/77", "1");
    expect_event(&dom0, "/w/77|token77");
    expect_event(&dom0, "/w/77|token1077");
    expect_silence(&dom0);
    connection_close(&other);
    end();
}

static void test_quotas(void)
{
    char text[XENSTORE_PAYLOAD_MAX];

    begin();
    CU_ASSERT_EQUAL(store_set_quota(&store, "nodes", false, 10), true);
    for (unsigned i = 0; i < 9; i++) { /* its home is its own, too */
        snprintf(text, sizeof(text), "n%u", i);
        EXPECT(client_write(&dom1, 0, text, ""), "OK");
    }
    EXPECT(client_write(&dom1, 0, "one-more", ""), "ENOSPC");
    EXPECT(client_ask(&dom1, XS_MKDIR, 0, "one-more"), "ENOSPC");
    EXPECT(client_write(&dom1, 0, "n1", "changed"), "OK");
    EXPECT(client_write(&dom0, 0, "/local/domain/1/by-dom0", ""), "OK");
    EXPECT(client_ask(&dom1, XS_RM, 0, "n0"), "OK");
    uint32_t tx = client_begin(&dom1);
    EXPECT(client_ask(&dom1, XS_RM, tx, "n1"), "OK");
    EXPECT(client_write(&dom1, tx, "n0", ""), "OK");
    EXPECT(client_write(&dom1, tx, "n10", ""), "ENOSPC");
    EXPECT(client_ask(&dom1, XS_TRANSACTION_END, tx, "T"), "OK");
    EXPECT(client_ask(&dom0, XS_CONTROL, 0, "quota|set|nodes|1000"), "OK");
    EXPECT(client_write(&dom1, 0, "one-more", ""), "OK");

    memset(text, 'x', sizeof(text));
    text[2000] = 0;
    EXPECT(client_write(&dom1, 0, "big", text), "OK");
    memset(text, 'x', sizeof(text));
    text[2040] = 0;
    EXPECT(client_write(&dom1, 0, "big", text), "ENOSPC");
    EXPECT(client_write(&dom0, 0, "/local/domain/1/big", text), "OK");

    EXPECT(client_ask(&dom1, XS_SET_PERMS, 0, "n2|n1|r2|r3|r4|r5"), "OK");
    EXPECT(client_ask(&dom1, XS_SET_PERMS, 0, "n2|n1|r2|r3|r4|r5|r6"), "ENOSPC");

    store_set_quota(&store, "watches", false, 3);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(text, sizeof(text), "n1|%u", i);
        EXPECT(client_ask(&dom1, XS_WATCH, 0, text), "OK");
    }
    EXPECT(client_ask(&dom1, XS_WATCH, 0, "n1|x"), "E2BIG");
    store_set_quota(&store, "transactions", false, 2);
    CU_ASSERT_TRUE(client_begin(&dom1) && client_begin(&dom1));
    EXPECT(client_ask(&dom1, XS_TRANSACTION_START, 0, ""), "ENOSPC");
    EXPECT(client_ask(&dom1, XS_RESET_WATCHES, 0, ""), "OK");
    tx = client_begin(&dom1);
    CU_ASSERT_TRUE(tx > 0);
    store_set_quota(&store, "transaction-nodes", false, 2);
    EXPECT(client_ask(&dom1, XS_READ, tx, "n1"), "ENOENT");
    EXPECT(client_ask(&dom1, XS_READ, tx, "n2"), "ENOSPC");

    EXPECT(client_ask(&dom0, XS_CONTROL, 0, "quota|set|nonsense|1"), "EINVAL");
    EXPECT(client_ask(&dom0, XS_CONTROL, 0, "quota|set|nodes|0"), "EINVAL");
    end();
}

/* What a domain does not read does not pile up without end: beyond its memory quota it loses events. */
static void test_memory_quota(void)
{
    char path[64];

    begin();
    store_set_quota(&store, "memory", false, 100000);
    EXPECT(client_ask(&dom1, XS_WATCH, 0, "/local/domain/1|t"), "OK");
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(path, sizeof(path), "/local/domain/1/x/%u", i);
        client_write(&dom0, 0, path, "");
    }
    CU_ASSERT_TRUE(output_waiting(&dom1.out) < 100100);
    char big[1900];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = 0;
    unsigned written = 0;
    for (; written < 200; written++) {
        snprintf(path, sizeof(path), "v%u", written);
        if (strcmp(said(client_write(&dom2, 0, path, big)), "OK"))
            break;
    }
    CU_ASSERT_TRUE(written > 30 && written < 60);
    /* A transaction notes all its changes, and that counts, too. */
    client_ask(&dom2, XS_RM, 0, "v0");
    client_ask(&dom2, XS_RM, 0, "v1");
    client_ask(&dom2, XS_RM, 0, "v2");
    uint32_t tx = client_begin(&dom2);
    long before = quota_usage(&store.quota, 2)->memory;
    for (written = 0; written < 1000 && !strcmp(said(client_write(&dom2, tx, "v3", "abc")), "OK"); written++)
        ;
    CU_ASSERT_TRUE(written > 10 && written < 200);
    EXPECT(client_ask(&dom2, XS_TRANSACTION_END, tx, "F"), "OK");
    CU_ASSERT_EQUAL(quota_usage(&store.quota, 2)->memory, before);
    end();
}

static void test_domain_gone(void)
{
    struct connection dom9;

    begin();
    connection_init(&dom9, &store, 9, false);
    client_ask(&dom0, XS_MKDIR, 0, "/local/domain/9");
    client_ask(&dom0, XS_SET_PERMS, 0, "/local/domain/9|n9");
    client_write(&dom9, 0, "a/b", "1");
    EXPECT(client_write(&dom0, 0, "/shared", "1"), "OK");
    EXPECT(client_ask(&dom0, XS_SET_PERMS, 0, "/shared|n0|r9|r1"), "OK");
    EXPECT(client_ask(&dom9, XS_READ, 0, "/shared"), "1");
    CU_ASSERT_EQUAL(quota_usage(&store.quota, 9)->nodes, 3);
    EXPECT(client_ask(&dom0, XS_WATCH, 0, "/local/domain/9/a|w"), "OK");
    expect_event(&dom0, "/local/domain/9/a|w");

    uint32_t tx = client_begin(&dom0); /* names the domain as an owner; it dies before the end */
    EXPECT(client_write(&dom0, tx, "/for-9", ""), "OK");
    EXPECT(client_ask(&dom0, XS_SET_PERMS, tx, "/for-9|n9"), "OK");
    connection_close(&dom9);
    domain_9_lives = false;
    store_forget_domain(&store, 9);
    expect_event(&dom0, "/local/domain/9/a|w");
    EXPECT(client_ask(&dom0, XS_TRANSACTION_END, tx, "T"), "EAGAIN");
    EXPECT(client_ask(&dom0, XS_READ, 0, "/local/domain/9"), "ENOENT");
    EXPECT(client_ask(&dom0, XS_GET_PERMS, 0, "/shared"), "n0|r9|r1");
    CU_ASSERT_PTR_NULL(quota_look(&store.quota, 9));

    domain_9_lives = true; /* another one, with the same number */
    connection_init(&dom9, &store, 9, false);
    EXPECT(client_ask(&dom9, XS_READ, 0, "/shared"), "EACCES");
    EXPECT(client_ask(&dom1, XS_READ, 0, "/shared"), "1");
    connection_close(&dom9);
    end();
}

int main(void)
{
    CU_TestInfo cases[] = {{"nodes", test_nodes},
                           {"malformed requests", test_malformed},
                           {"access", test_access},
                           {"a directory in parts", test_long_directory},
                           {"watches", test_watches},
                           {"who may watch", test_watch_access},
                           {"thousands of watches", test_many_watches},
                           {"quotas", test_quotas},
                           {"memory quota", test_memory_quota},
                           {"a domain is gone", test_domain_gone},
                           CU_TEST_INFO_NULL};
    return unit_run("store requests", cases);
}
