/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions of many clients against a model that knows no transactions: a list of nodes. What a client asks inside a
 * transaction is noted with the answers. If the store says that it is committed, asking the model the same at that
 * moment must give the same answers; then the model has been changed in the same way. So each committed transaction
 * looks as if it had happened at once, at its end.
 */
#include "store_client.h"
#include "xenstore/transaction.h"

#define CLIENTS   6
#define NODES_MAX 256
#define ASKED_MAX 64
#define ROUNDS    60000

struct model_node {
    char path[32], value[16];
    unsigned born;
};

static struct model_node model[NODES_MAX];
static unsigned model_count, births;

static struct model_node *model_find(const char *path)
{
    for (unsigned i = 0; i < model_count; i++)
        if (!strcmp(model[i].path, path))
            return &model[i];
    return NULL;
}

static struct model_node *model_make(const char *path)
{
    char up[32];
    struct model_node *node = model_find(path);

    if (node)
        return node;
    strcpy(up, path);
    *strrchr(up, '/') = 0;
    if (up[0])
        model_make(up);
    CU_ASSERT_TRUE_FATAL(model_count < NODES_MAX);
    node = &model[model_count++];
    memset(node, 0, sizeof(*node));
    strcpy(node->path, path);
    node->born = births++;
    return node;
}

static void model_remove(const char *path)
{
    size_t length = strlen(path);

    for (unsigned i = 0; i < model_count;)
        if (!strncmp(model[i].path, path, length) && (!model[i].path[length] || model[i].path[length] == '/'))
            model[i] = model[--model_count];
        else
            i++;
}

static void model_list(const char *path, char *out)
{
    size_t length = strlen(path);
    unsigned last = 0;

    for (out[0] = 0;;) { /* the next by birth */
        struct model_node *next = NULL;
        for (unsigned i = 0; i < model_count; i++)
            if (!strncmp(model[i].path, path, length) && model[i].path[length] == '/' &&
                !strchr(model[i].path + length + 1, '/') && model[i].born >= last &&
                (!next || model[i].born < next->born))
                next = &model[i];
        if (!next)
            return;
        sprintf(out + strlen(out), "%s%s", out[0] ? "|" : "", next->path + length + 1);
        last = next->born + 1;
    }
}

enum asked_type { READ, LIST, WRITE, MAKE, REMOVE, KINDS };

struct asked {
    enum asked_type type;
    char path[32], value[16], answer[256];
};

static void ask_model(const struct asked *asked, char *answer)
{
    char up[32];
    struct model_node *node = model_find(asked->path);

    strcpy(answer, "OK");
    switch (asked->type) {
    case READ:
        strcpy(answer, node ? node->value : "ENOENT");
        break;
    case LIST:
        if (node)
            model_list(asked->path, answer);
        else
            strcpy(answer, "ENOENT");
        break;
    case WRITE:
        strcpy(model_make(asked->path)->value, asked->value);
        break;
    case MAKE:
        model_make(asked->path);
        break;
    default:
        strcpy(up, asked->path);
        *strrchr(up, '/') = 0;
        if (node)
            model_remove(asked->path);
        else if (up[0] && !model_find(up))
            strcpy(answer, "ENOENT");
    }
}

static void ask_store(struct connection *client, uint32_t tx, struct asked *asked)
{
    static const uint32_t types[KINDS] = {XS_READ, XS_DIRECTORY, XS_WRITE, XS_MKDIR, XS_RM};
    struct answer *answer = asked->type == WRITE ? client_write(client, tx, asked->path, asked->value)
                                                 : client_ask(client, types[asked->type], tx, asked->path);

    CU_ASSERT_TRUE_FATAL(strlen(said(answer)) < sizeof(asked->answer));
    strcpy(asked->answer, said(answer));
}

static void think_of(struct asked *asked)
{
    int n = sprintf(asked->path, "/%c", (char)('a' + unit_random_below(3)));

    asked->type = unit_random_below(10) ? unit_random_below(REMOVE) : REMOVE;
    while (unit_random_below(3) && n < 7)
        n += sprintf(asked->path + n, "/%c", (char)('p' + unit_random_below(4)));
    sprintf(asked->value, "%u", (unsigned)unit_random_below(1000));
}

static struct client {
    struct connection connection;
    uint32_t tx;
    unsigned asked_count;
    unsigned changes_at_begin;
    struct asked asked[ASKED_MAX];
} clients[CLIENTS];
static unsigned changes, committed, again;

static void finish(struct client *client)
{
    const char *verdict = unit_random_below(8) ? "T" : "F";
    char answer[256];

    const char *result = said(client_ask(&client->connection, XS_TRANSACTION_END, client->tx, verdict));
    client->tx = 0;
    if (verdict[0] == 'F') {
        CU_ASSERT_STRING_EQUAL(result, "OK");
        return;
    }
    if (strcmp(result, "OK")) {
        CU_ASSERT_STRING_EQUAL_FATAL(result, "EAGAIN");
        CU_ASSERT_TRUE(changes != client->changes_at_begin); /* not without a reason */
        again++;
        return;
    }
    committed++;
    for (unsigned i = 0; i < client->asked_count; i++) {
        ask_model(&client->asked[i], answer);
        CU_ASSERT_STRING_EQUAL(answer, client->asked[i].answer);
        changes += client->asked[i].type >= WRITE;
    }
}

static void compare_all(struct connection *client, const char *path)
{
    char list[256], down[64];
    struct asked asked = {.type = LIST};

    strcpy(asked.path, path);
    ask_store(client, 0, &asked);
    ask_model(&asked, list);
    CU_ASSERT_STRING_EQUAL_FATAL(list, asked.answer);
    asked.type = READ;
    ask_store(client, 0, &asked);
    CU_ASSERT_STRING_EQUAL(asked.answer, model_find(path)->value);
    for (char *rest, *name = strtok_r(list, "|", &rest); name; name = strtok_r(NULL, "|", &rest)) {
        snprintf(down, sizeof(down), "%s/%s", path, name);
        compare_all(client, down);
    }
}

static void run_random(size_t kept_max)
{
    static struct store store;
    char answer[256];

    model_count = committed = again = 0;
    memset(clients, 0, sizeof(clients));
    store_init(&store);
    store.kept_max = kept_max;
    for (unsigned i = 0; i < CLIENTS; i++)
        connection_init(&clients[i].connection, &store, 0, false);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct client *client = &clients[unit_random_below(CLIENTS)];
        struct asked asked = {0};
        if (!client->tx && unit_random_below(4) == 0) {
            client->tx = client_begin(&client->connection);
            client->asked_count = 0;
            client->changes_at_begin = changes;
            continue;
        }
        if (client->tx && (client->asked_count == ASKED_MAX || unit_random_below(6) == 0)) {
            finish(client);
            continue;
        }
        think_of(&asked);
        ask_store(&client->connection, client->tx, &asked);
        if (client->tx) {
            client->asked[client->asked_count++] = asked;
            continue;
        }
        ask_model(&asked, answer);
        CU_ASSERT_STRING_EQUAL(answer, asked.answer);
        changes += asked.type >= WRITE;
        if (round % 100 == 0)
            for (char top = 'a'; top < 'd'; top++) {
                char path[] = {'/', top, 0};
                if (model_find(path))
                    compare_all(&clients[0].connection, path);
            }
    }
    CU_ASSERT_TRUE(committed > ROUNDS / 100);
    CU_ASSERT_TRUE(again > ROUNDS / 100);
    printf(" (%u committed, %u to be tried again) ", committed, again);
    EXPECT(client_ask(&clients[0].connection, XS_CONTROL, 0, "check"), "OK");
    for (unsigned i = 0; i < CLIENTS; i++)
        connection_close(&clients[i].connection);
    store_free(&store);
}

static void test_random(void)
{
    run_random(STORE_KEPT_MAX);
}

/* All are renewed at each change of the store. */
static void test_random_renewed(void)
{
    run_random(0);
}

static struct store small;
static struct connection one, two;

static void begin(void)
{
    store_init(&small);
    connection_init(&one, &small, 0, false);
    connection_init(&two, &small, 0, false);
    client_write(&one, 0, "/d/x", "1");
    client_write(&one, 0, "/d/y", "1");
}

static void end(void)
{
    connection_close(&one);
    connection_close(&two);
    store_free(&small);
}

static const char *commit(struct connection *client, uint32_t tx)
{
    return said(client_ask(client, XS_TRANSACTION_END, tx, "T"));
}

static void test_independent(void)
{
    begin();
    /* Different children made in the same directory, others changed or removed there: nobody is disturbed. */
    uint32_t a = client_begin(&one), b = client_begin(&two);
    EXPECT(client_write(&one, a, "/d/new1", "1"), "OK");
    EXPECT(client_write(&two, b, "/d/new2/deep", "2"), "OK");
    EXPECT(client_write(&two, b, "/d/x", "2"), "OK");
    EXPECT(client_ask(&one, XS_RM, a, "/d/y"), "OK");
    CU_ASSERT_STRING_EQUAL(commit(&one, a), "OK");
    CU_ASSERT_STRING_EQUAL(commit(&two, b), "OK");
    EXPECT(client_ask(&one, XS_DIRECTORY, 0, "/d"), "x|new1|new2");
    EXPECT(client_ask(&one, XS_READ, 0, "/d/x"), "2");
    end();
}

static void test_conflicts(void)
{
    begin();
    uint32_t a = client_begin(&one);
    EXPECT(client_ask(&one, XS_DIRECTORY, a, "/d"), "x|y");
    client_write(&two, 0, "/d/z", "");
    EXPECT(client_ask(&one, XS_DIRECTORY, a, "/d"), "x|y"); /* a snapshot */
    CU_ASSERT_STRING_EQUAL(commit(&one, a), "EAGAIN");

    a = client_begin(&one); /* a value under a listed directory is no matter */
    EXPECT(client_ask(&one, XS_DIRECTORY, a, "/d"), "x|y|z");
    client_write(&two, 0, "/d/z", "2");
    CU_ASSERT_STRING_EQUAL(commit(&one, a), "OK");

    a = client_begin(&one); /* that something was missing is an answer as well */
    EXPECT(client_ask(&one, XS_READ, a, "/d/q/r"), "ENOENT");
    client_write(&two, 0, "/d/q/s", "");
    CU_ASSERT_STRING_EQUAL(commit(&one, a), "EAGAIN");

    a = client_begin(&one); /* removed and made anew is not the same */
    EXPECT(client_ask(&one, XS_READ, a, "/d/x"), "1");
    client_ask(&two, XS_RM, 0, "/d/x");
    client_write(&two, 0, "/d/x", "1");
    CU_ASSERT_STRING_EQUAL(commit(&one, a), "EAGAIN");

    a = client_begin(&one); /* both wrote the same */
    client_write(&one, a, "/d/x", "one");
    client_write(&two, 0, "/d/x", "two");
    CU_ASSERT_STRING_EQUAL(commit(&one, a), "EAGAIN");
    EXPECT(client_ask(&one, XS_READ, 0, "/d/x"), "two");
    CU_ASSERT_STRING_EQUAL(said(client_ask(&one, XS_READ, a, "/d/x")), "ENOENT"); /* it is over in any case */
    end();
}

static void test_events_at_commit(void)
{
    static struct answer answer;

    begin();
    EXPECT(client_ask(&two, XS_WATCH, 0, "/d|w"), "OK");
    client_take(&two, &answer);
    uint32_t a = client_begin(&one);
    client_write(&one, a, "/d/x", "2");
    client_ask(&one, XS_RM, a, "/d/y");
    CU_ASSERT_FALSE(client_take(&two, &answer));
    CU_ASSERT_STRING_EQUAL(commit(&one, a), "OK");
    CU_ASSERT_TRUE(client_take(&two, &answer));
    EXPECT(&answer, "/d/x|w");
    CU_ASSERT_TRUE(client_take(&two, &answer));
    EXPECT(&answer, "/d/y|w");
    CU_ASSERT_FALSE(client_take(&two, &answer));
    end();
}

/* What a guest's transactions keep of a tree that changes all the time. */
#define NODES 200

static void change_all(unsigned round)
{
    static char path[32], value[2001];

    memset(value, 'a' + (int)round, sizeof(value) - 1);
    for (unsigned i = 0; i < NODES; i++) {
        sprintf(path, "/much/%u", i);
        EXPECT(client_write(&one, 0, path, value), "OK");
    }
}

static bool count_kept(void *context, const struct path *path, struct node *node)
{
    static const struct node *seen[10 * (NODES + 10)];
    static unsigned count;
    size_t *kept = context;

    if (tree_find(&small.tree, path) == node)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (seen[i] == node)
            return false;
    CU_ASSERT_TRUE_FATAL(count < sizeof(seen) / sizeof(seen[0]));
    seen[count++] = node;
    *kept += node->value_length;
    return true;
}

static void test_kept(void)
{
    struct connection guest;
    uint32_t tx[10];
    size_t kept = 0;

    begin();
    connection_init(&guest, &small, 5, false);
    EXPECT(client_write(&one, 0, "/d/mine", "1"), "OK");
    EXPECT(client_ask(&one, XS_SET_PERMS, 0, "/d/mine|n5"), "OK");
    EXPECT(client_ask(&one, XS_SET_PERMS, 0, "/d/x|n0|r5"), "OK");
    change_all(0);
    for (unsigned i = 0; i < 10; i++) {
        tx[i] = client_begin(&guest);
        EXPECT(client_ask(&guest, XS_READ, tx[i], i ? "/d/mine" : "/d/x"), "1");
        EXPECT(client_write(&guest, tx[i], "/d/mine/below", "new"), "OK");
        change_all(i + 1);
    }
    for (struct transaction *open = small.transactions; open; open = open->store_next)
        store_walk(&open->base, count_kept, &kept);
    CU_ASSERT_TRUE(kept <= STORE_KEPT_MAX + 4096);
    CU_ASSERT_TRUE(kept > 0); /* otherwise this test looks at nothing */
    EXPECT(client_write(&one, 0, "/d/x", "2"), "OK");
    change_all(11);
    change_all(12);
    change_all(13);
    EXPECT(client_ask(&guest, XS_READ, tx[0], "/d/mine/below"), "new");
    CU_ASSERT_STRING_EQUAL(commit(&guest, tx[0]), "EAGAIN");
    CU_ASSERT_STRING_EQUAL(commit(&guest, tx[1]), "OK");
    EXPECT(client_ask(&guest, XS_READ, 0, "/d/mine/below"), "new");
    CU_ASSERT_STRING_EQUAL(commit(&guest, tx[2]), "EAGAIN"); /* the one before made the same node */
    CU_ASSERT_TRUE(quota_usage(&small.quota, 5)->memory > 0);
    connection_close(&guest);
    CU_ASSERT_EQUAL(quota_usage(&small.quota, 5)->transactions, 0);
    CU_ASSERT_PTR_NULL(small.transactions);
    end();
}

/* A node that is looked at, and one that is copied to be changed, is charged as long as the transaction lasts. */
static void test_charged(void)
{
    struct connection guest;
    char path[64];

    begin();
    connection_init(&guest, &small, 5, false);
    EXPECT(client_ask(&one, XS_SET_PERMS, 0, "/d|n5"), "OK");
    long before = quota_usage(&small.quota, 5)->memory;
    uint32_t a = client_begin(&guest);
    for (unsigned i = 0; i < 100; i++) {
        sprintf(path, "/d/no-such-node-of-a-long-name-%u", i);
        EXPECT(client_ask(&guest, XS_READ, a, path), "ENOENT");
    }
    long looked = quota_usage(&small.quota, 5)->memory;
    CU_ASSERT_TRUE(looked > before + 100 * 40);
    small.quota.limit[QUOTA_MEMORY] = looked;
    EXPECT(client_ask(&guest, XS_READ, a, "/d/one-more"), "ENOMEM");
    small.quota.limit[QUOTA_MEMORY] = looked + 100000;
    EXPECT(client_write(&guest, a, "/d/mine", "1"), "OK");
    CU_ASSERT_TRUE(quota_usage(&small.quota, 5)->memory > looked + (long)sizeof(struct node));
    EXPECT(client_ask(&guest, XS_TRANSACTION_END, a, "F"), "OK");
    CU_ASSERT_EQUAL(quota_usage(&small.quota, 5)->memory, before);
    connection_close(&guest);
    end();
}

int main(void)
{
    CU_TestInfo cases[] = {{"independent ones", test_independent},
                           {"conflicts", test_conflicts},
                           {"events", test_events_at_commit},
                           {"at random, against a serial model", test_random},
                           {"at random, each renewed all the time", test_random_renewed},
                           {"what the open ones keep is bounded", test_kept},
                           {"what one takes is charged", test_charged},
                           CU_TEST_INFO_NULL};
    return unit_run("store transactions", cases);
}
