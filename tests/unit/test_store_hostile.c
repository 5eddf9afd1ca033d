/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain that wants to harm the store: each case does without an end what some request does once, and the store must
 * refuse at some point, with what the domain uses within its quota; and afterwards all of it must be given back.
 */
#include "store_client.h"

#define MANY 100000

static struct store store;
static struct connection dom0, dom1;

static bool exists(void *context, unsigned domid)
{
    (void)context;
    return domid < 3;
}

static void begin(void)
{
    static const struct store_host host = {.exists = exists};

    store_init(&store);
    store.host = &host;
    connection_init(&dom0, &store, 0, false);
    connection_init(&dom1, &store, 1, false);
    EXPECT(client_ask(&dom0, XS_MKDIR, 0, "/local/domain/1"), "OK");
    EXPECT(client_ask(&dom0, XS_SET_PERMS, 0, "/local/domain/1|n1"), "OK");
    EXPECT(client_write(&dom1, 0, "node", "value"), "OK");
}

static void end(void)
{
    connection_close(&dom0);
    connection_close(&dom1);
    store_free(&store);
}

static long memory_used(void)
{
    return quota_usage(&store.quota, 1)->memory;
}

/* Everything costs at least a byte: so the quota ends it, or it costs nothing. */
static void expect_bounded(unsigned done)
{
    CU_ASSERT_TRUE(done > 10 && done < MANY);
    CU_ASSERT_TRUE(memory_used() <= store.quota.limit[QUOTA_MEMORY] + 10000);
}

static void test_rewriting_in_a_transaction(void)
{
    char value[1901];
    unsigned done = 0;

    begin();
    long before = memory_used();
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = 0;
    uint32_t tx = client_begin(&dom1);
    while (done < MANY && !strcmp(said(client_write(&dom1, tx, "node", value)), "OK"))
        done++;
    expect_bounded(done);
    EXPECT(client_ask(&dom1, XS_TRANSACTION_END, tx, "F"), "OK");
    CU_ASSERT_EQUAL(memory_used(), before);
    EXPECT(client_write(&dom1, 0, "node", value), "OK");
    end();
}

static void test_permissions_in_a_transaction(void)
{
    unsigned done = 0;

    begin();
    long before = memory_used();
    uint32_t tx = client_begin(&dom1);
    while (done < MANY && !strcmp(said(client_ask(&dom1, XS_SET_PERMS, tx, "node|n1|r2|r0")), "OK"))
        done++;
    expect_bounded(done);
    EXPECT(client_ask(&dom1, XS_TRANSACTION_END, tx, "F"), "OK");
    CU_ASSERT_EQUAL(memory_used(), before);
    end();
}

static void test_making_and_removing_in_a_transaction(void)
{
    unsigned done = 0;

    begin();
    long before = memory_used();
    uint32_t tx = client_begin(&dom1);
    while (done < MANY && !strcmp(said(client_ask(&dom1, XS_MKDIR, tx, "new")), "OK") &&
           !strcmp(said(client_ask(&dom1, XS_RM, tx, "new")), "OK"))
        done++;
    expect_bounded(done);
    EXPECT(client_ask(&dom1, XS_TRANSACTION_END, tx, "F"), "OK");
    CU_ASSERT_EQUAL(memory_used(), before);
    end();
}

static void test_looking_around_in_transactions(void)
{
    char path[1024];
    unsigned transactions = 0;

    begin();
    long before = memory_used();
    memset(path, 'p', sizeof(path));
    for (uint32_t tx; (tx = client_begin(&dom1)); transactions++) {
        unsigned looked = 0;
        for (; looked < MANY; looked++) {
            snprintf(path + 900, sizeof(path) - 900, "%u", looked);
            if (strcmp(said(client_ask(&dom1, XS_READ, tx, path)), "ENOENT"))
                break;
        }
        CU_ASSERT_TRUE(looked <= store.quota.limit[QUOTA_TRANSACTION_NODES]);
        CU_ASSERT_TRUE(memory_used() <= store.quota.limit[QUOTA_MEMORY] + 10000);
    }
    CU_ASSERT_EQUAL(transactions, store.quota.limit[QUOTA_TRANSACTIONS]);
    EXPECT(client_ask(&dom1, XS_RESET_WATCHES, 0, ""), "OK");
    CU_ASSERT_EQUAL(memory_used(), before);
    end();
}

static void test_commit_gives_memory_back(void)
{
    begin();
    long before = memory_used();
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t tx = client_begin(&dom1);
        client_write(&dom1, tx, "node", "value");
        client_write(&dom1, tx, "other", "value");
        client_ask(&dom1, XS_RM, tx, "other");
        EXPECT(client_ask(&dom1, XS_TRANSACTION_END, tx, "T"), "OK");
    }
    CU_ASSERT_EQUAL(memory_used(), before);
    CU_ASSERT_EQUAL(quota_usage(&store.quota, 1)->transactions, 0);
    end();
}

static void test_long_watches(void)
{
    char text[4000];
    unsigned done = 0;

    begin();
    long before = memory_used();
    memset(text, 'w', sizeof(text));
    for (; done < MANY; done++) {
        snprintf(text + 1900, sizeof(text) - 1900, "|%01900u", done);
        if (strcmp(said(client_ask(&dom1, XS_WATCH, 0, text)), "OK"))
            break;
    }
    expect_bounded(done);
    EXPECT(client_ask(&dom1, XS_RESET_WATCHES, 0, ""), "OK");
    CU_ASSERT_EQUAL(memory_used(), before);
    CU_ASSERT_EQUAL(quota_usage(&store.quota, 1)->watches, 0);
    end();
}

static void test_deep_paths(void)
{
    char path[4000];
    size_t length = 0;

    begin();
    for (int i = 0; i < 999; i++) /* with the node of begin() one more than allowed */
        length += (size_t)sprintf(path + length, "%sd", i ? "/" : "");
    EXPECT(client_ask(&dom1, XS_MKDIR, 0, path), "ENOSPC");
    path[length - 4] = 0;
    EXPECT(client_ask(&dom1, XS_MKDIR, 0, path), "OK");
    EXPECT(client_ask(&dom1, XS_RM, 0, "d"), "OK");
    CU_ASSERT_EQUAL(quota_usage(&store.quota, 1)->nodes, 2);
    end();
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"rewriting a node in a transaction", test_rewriting_in_a_transaction},
        {"permissions in a transaction", test_permissions_in_a_transaction},
        {"making and removing in a transaction", test_making_and_removing_in_a_transaction},
        {"looking around in transactions", test_looking_around_in_transactions},
        {"a commit gives memory back", test_commit_gives_memory_back},
        {"long watches", test_long_watches},
        {"deep paths", test_deep_paths},
        CU_TEST_INFO_NULL,
    };
    return unit_run("hostile clients of the store", cases);
}
