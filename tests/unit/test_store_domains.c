/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains and their rings, with pages and event channels of our own: what passes through the ring, who breaks the
 * rules, life and death; and servers that die and are followed by another one, at any moment, under a running domain.
 */
#include "fake_door.h"
#include "store_client.h"
#include "xenstore/domains.h"
#include "xenstore/journal.h"
#include "xenstore/recovery.h"
#include "xenstore/schedule.h"
#include <unistd.h>

static struct server {
    struct store store;
    struct schedule schedule;
    struct domains *domains;
    struct recovery recovery;
    struct connection tool; /* of dom0's socket */
} * server;
static char journal_path[] = "/tmp/haven-test-journal-XXXXXX";

static uint64_t now(void)
{
    static uint64_t time;
    return time++ / 100;
}

/* A server begins; found: from what the last one left. */
static void server_start(bool expect_state)
{
    bool found = false;

    server = calloc(1, sizeof(*server));
    store_init(&server->store);
    schedule_init(&server->schedule);
    server->domains = domains_open(&server->store, &server->schedule);
    server->store.host = &domains_host;
    server->store.host_context = server->domains;
    server->recovery = (struct recovery){&server->store, server->domains};
    struct journal *journal = journal_open(journal_path, "boot", recovery_write_state, &server->recovery, &found);
    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    CU_ASSERT_EQUAL_FATAL(found, expect_state);
    server->store.recovering = true;
    if (found)
        CU_ASSERT_TRUE_FATAL(journal_play(journal, recovery_play, &server->recovery));
    server->store.recovering = false;
    server->store.journal = journal;
    journal_compact(journal);
    domains_resume(server->domains);
    CU_ASSERT_TRUE_FATAL(domains_start_dom0(server->domains));
    journal_commit(journal);
    connection_init(&server->tool, &server->store, 0, false);
}

/* It dies: nothing of its memory counts any more, and its mappings and ports are gone. It is not taken apart, for that
 * is not what happens; so it leaks, but for the file. */
static struct server *corpses[4096];
static unsigned corpse_count;
static void server_die(void)
{
    journal_close(server->store.journal);
    corpses[corpse_count++ % 4096] = server;
    server = NULL;
    for (unsigned i = 0; i < FAKE_DOMAINS; i++)
        fake_domains[i].mapped = fake_domains[i].bound = 0;
}

static void server_loop(void)
{
    domains_handle_events(server->domains);
    schedule_run(&server->schedule, now);
    journal_commit(server->store.journal);
    domains_show(server->domains);
    store_send_all(&server->store);
    domains_notify(server->domains);
}

static void begin(void)
{
    memset(fake_domains, 0, sizeof(fake_domains));
    fake_domains[0].exists = fake_domains[1].exists = fake_domains[2].exists = true;
    unlink(journal_path);
    server_start(false);
    for (unsigned domid = 1; domid < 3; domid++) {
        char text[64];
        snprintf(text, sizeof(text), "/local/domain/%u", domid);
        EXPECT(client_ask(&server->tool, XS_MKDIR, 0, text), "OK");
        snprintf(text, sizeof(text), "/local/domain/%u|n%u", domid, domid);
        EXPECT(client_ask(&server->tool, XS_SET_PERMS, 0, text), "OK");
        snprintf(text, sizeof(text), "%u|77|5", domid);
        EXPECT(client_ask(&server->tool, XS_INTRODUCE, 0, text), "OK");
    }
    server_loop();
}

static void end(void)
{
    server_die();
    unlink(journal_path);
}

/* The domain's side. */
static size_t guest_send(unsigned domid, const void *bytes, size_t length)
{
    struct xenstore_domain_interface *page = &fake_domains[domid].page;
    size_t space = XENSTORE_RING_SIZE - (page->req_prod - page->req_cons), i;

    for (i = 0; i < length && i < space; i++)
        page->req[MASK_XENSTORE_IDX(page->req_prod + i)] = ((const char *)bytes)[i];
    page->req_prod += i;
    fake_domains[domid].kicked = true;
    return i;
}

static size_t guest_receive(unsigned domid, void *bytes, size_t length)
{
    struct xenstore_domain_interface *page = &fake_domains[domid].page;
    size_t there = page->rsp_prod - page->rsp_cons, i;

    CU_ASSERT_TRUE_FATAL(there <= XENSTORE_RING_SIZE);
    for (i = 0; i < length && i < there; i++)
        ((char *)bytes)[i] = page->rsp[MASK_XENSTORE_IDX(page->rsp_cons + i)];
    page->rsp_cons += i;
    if (i)
        fake_domains[domid].kicked = true;
    return i;
}

static size_t make_message(char *to, uint32_t type, uint32_t number, uint32_t tx, const void *payload, size_t length)
{
    struct xsd_sockmsg header = {.type = type, .req_id = number, .tx_id = tx, .len = length};

    memcpy(to, &header, sizeof(header));
    memcpy(to + sizeof(header), payload, length);
    return sizeof(header) + length;
}

/* Asks and waits, with a server that does not die meanwhile. */
static struct answer *guest_ask(unsigned domid, uint32_t type, uint32_t tx, const void *payload, size_t length)
{
    static struct answer answer;
    char message[WIRE_MESSAGE_MAX], *bytes = (char *)&answer;
    size_t size = make_message(message, type, 7, tx, payload, length), sent = 0, got = 0, want = sizeof(answer.header);

    memset(&answer, 0, sizeof(answer));
    for (unsigned patience = 0; got < want; patience++) {
        CU_ASSERT_TRUE_FATAL(patience < 1000);
        sent += guest_send(domid, message + sent, size - sent);
        server_loop();
        got += guest_receive(domid, bytes + got, want - got);
        if (got >= sizeof(answer.header))
            want = sizeof(answer.header) + answer.header.len;
    }
    return &answer;
}

#define ASK(domid, type, text) guest_ask(domid, type, 0, text, sizeof(text))

static void test_ring(void)
{
    char big[4096], path[] = "big";

    begin();
    fake_domains[1].notified = 0;
    EXPECT(guest_ask(1, XS_WRITE, 0, "a\0value", 7), "OK");
    EXPECT(ASK(1, XS_READ, "a"), "value");
    CU_ASSERT_TRUE(fake_domains[1].notified >= 2);
    EXPECT(client_ask(&server->tool, XS_READ, 0, "/local/domain/1/a"), "value");
    /* Longer than the ring, both ways. */
    memset(big, 'x', sizeof(big));
    memcpy(big, path, sizeof(path));
    EXPECT(guest_ask(1, XS_WRITE, 0, big, 2000), "OK");
    struct answer *answer = ASK(1, XS_READ, "big");
    CU_ASSERT_EQUAL(answer->header.len, 2000 - sizeof(path));
    CU_ASSERT_EQUAL(answer->payload[1990], 'x');
    EXPECT(client_ask(&server->tool, XS_IS_DOMAIN_INTRODUCED, 0, "1"), "T");
    EXPECT(client_ask(&server->tool, XS_IS_DOMAIN_INTRODUCED, 0, "3"), "F");
    end();
}

/* Linux sends a header, notifies, sends the payload, and notifies again only if it sees the header consumed. */
static void test_parts(void)
{
    char message[64], reply[32];
    size_t size = make_message(message, XS_READ, 1, 0, "none", 5);

    begin();
    for (size_t sent = 0; sent < size; sent += 7) {
        guest_send(1, message + sent, size - sent < 7 ? size - sent : 7);
        server_loop();
        CU_ASSERT_EQUAL(fake_domains[1].page.req_cons, fake_domains[1].page.req_prod);
        if (sent == 7) {
            journal_commit(server->store.journal);
            server_die(); /* with a part taken */
            server_start(true);
        }
    }
    CU_ASSERT_EQUAL(guest_receive(1, reply, sizeof(reply)), 16 + 7);
    CU_ASSERT_TRUE(!memcmp(reply + 16, "ENOENT", 7));
    end();
}

static void test_hostile(void)
{
    begin();
    fake_domains[1].page.req_prod += 5000;
    fake_domains[1].kicked = true;
    server_loop();
    CU_ASSERT_EQUAL(fake_domains[1].page.error, XENSTORE_ERROR_RINGIDX);
    EXPECT(ASK(2, XS_READ, "/tool"), "EACCES"); /* the others go on */
    EXPECT(client_ask(&server->tool, XS_INTRODUCE, 0, "1|77|5"), "OK");
    server_loop();
    EXPECT(ASK(1, XS_DIRECTORY, "x"), "ENOENT");

    char header[16];
    make_message(header, XS_READ, 1, 0, "", 0);
    memset(header + 12, 0xff, 4); /* its length */
    guest_send(1, header, sizeof(header));
    server_loop();
    CU_ASSERT_EQUAL(fake_domains[1].page.error, XENSTORE_ERROR_PROTO);
    CU_ASSERT_TRUE(fake_domains[1].page.server_features & XENSTORE_SERVER_FEATURE_RECONNECTION);
    fake_domains[1].page.connection = XENSTORE_RECONNECT;
    fake_domains[1].kicked = true;
    server_loop();
    CU_ASSERT_EQUAL(fake_domains[1].page.connection, XENSTORE_CONNECTED);
    EXPECT(ASK(1, XS_DIRECTORY, "x"), "ENOENT");

    make_message(header, XS_READ, 1, 0, "", 0);
    fake_domains[1].page.rsp_cons -= 3000;
    guest_send(1, header, sizeof(header));
    server_loop();
    CU_ASSERT_EQUAL(fake_domains[1].page.error, XENSTORE_ERROR_RINGIDX);
    end();
}

/* One who asks without end and reads no reply neither grows nor keeps others waiting. */
static void test_flood(void)
{
    char message[64];
    size_t size = make_message(message, XS_GET_DOMAIN_PATH, 1, 0, "1", 2), handled = 0;

    begin();
    struct usage *usage = quota_usage(&server->store.quota, 1);
    for (unsigned i = 0; i < 1000; i++) {
        handled += guest_send(1, message, size) == size;
        server_loop();
        CU_ASSERT_TRUE(usage->outstanding <= 20 + 32);
    }
    EXPECT(ASK(2, XS_READ, "x"), "ENOENT");
    CU_ASSERT_TRUE(handled < 200);
    fake_domains[1].page.connection = XENSTORE_RECONNECT; /* with all of that behind it, it begins anew */
    fake_domains[1].kicked = true;
    server_loop();
    EXPECT(ASK(1, XS_READ, "x"), "ENOENT");
    end();
}

static void expect_event(const char *text)
{
    static struct answer answer;

    CU_ASSERT_TRUE(client_take(&server->tool, &answer));
    CU_ASSERT_EQUAL(answer.header.type, XS_WATCH_EVENT);
    EXPECT(&answer, text);
}

static void expect_silence(void)
{
    static struct answer answer;
    CU_ASSERT_FALSE(client_take(&server->tool, &answer));
}

static void death_event(void)
{
    fake_domains[0].dying = true;
    server_loop();
}

static void test_death(void)
{
    begin();
    EXPECT(client_ask(&server->tool, XS_WATCH, 0, "@releaseDomain|r"), "OK");
    expect_event("@releaseDomain|r");
    EXPECT(client_ask(&server->tool, XS_WATCH, 0, "@introduceDomain|i"), "OK");
    expect_event("@introduceDomain|i");
    death_event();
    expect_silence();
    fake_domains[1].shutdown = true; /* told once */
    death_event();
    expect_event("@releaseDomain|r");
    death_event();
    expect_silence();
    EXPECT(client_ask(&server->tool, XS_RESUME, 0, "1"), "OK");
    death_event();
    expect_event("@releaseDomain|r");
    fake_domains[1].dying = true;
    death_event();
    expect_event("@releaseDomain|r");
    CU_ASSERT_EQUAL(fake_domains[1].mapped, 0);
    CU_ASSERT_EQUAL(fake_domains[1].bound, 0);
    EXPECT(client_ask(&server->tool, XS_READ, 0, "/local/domain/1"), "ENOENT");
    EXPECT(client_ask(&server->tool, XS_IS_DOMAIN_INTRODUCED, 0, "1"), "F");
    EXPECT(client_ask(&server->tool, XS_RELEASE, 0, "1"), "ENOENT");
    EXPECT(client_ask(&server->tool, XS_RELEASE, 0, "2"), "OK");
    EXPECT(client_ask(&server->tool, XS_READ, 0, "/local/domain/2"), "ENOENT");
    EXPECT(client_ask(&server->tool, XS_INTRODUCE, 0, "5|77|5"), "EINVAL"); /* there is none */
    fake_domains[5].exists = true;
    EXPECT(client_ask(&server->tool, XS_INTRODUCE, 0, "5|77|5"), "OK");
    /* Named by permissions alone, a domain's end is noticed, too. */
    fake_domains[6].exists = true;
    EXPECT(client_write(&server->tool, 0, "/six", "1"), "OK");
    EXPECT(client_ask(&server->tool, XS_SET_PERMS, 0, "/six|n6"), "OK");
    fake_domains[6].exists = false;
    death_event();
    EXPECT(client_ask(&server->tool, XS_READ, 0, "/six"), "ENOENT");
    end();
}

/* A ring that is emptied, because its domain is introduced again or asks for it, and a server that dies meanwhile. What
 * the page shows when the server dies is all that matters of how far it had got. */
enum death { BEFORE_COMMIT, AFTER_COMMIT, PAGE_HALF_EMPTIED, PAGE_EMPTIED, ALL_COMMITTED, DEATHS };

static void empty_ring_and_die(bool introduced, enum death death)
{
    struct xenstore_domain_interface *page = &fake_domains[1].page;

    if (introduced) {
        EXPECT(client_ask(&server->tool, XS_INTRODUCE, 0, "1|77|5"), "OK");
    } else {
        page->connection = XENSTORE_RECONNECT;
        fake_domains[1].kicked = true;
        domains_handle_events(server->domains);
        schedule_run(&server->schedule, now);
    }
    if (death != BEFORE_COMMIT)
        journal_commit(server->store.journal);
    if (death == PAGE_HALF_EMPTIED)
        page->req_cons = page->req_prod = 0;
    if (death == PAGE_EMPTIED)
        page->req_cons = page->req_prod = page->rsp_cons = page->rsp_prod = 0;
    if (death == ALL_COMMITTED) {
        domains_show(server->domains);
        CU_ASSERT_EQUAL(page->rsp_prod, 0);
    } else if (!introduced) {
        CU_ASSERT_EQUAL(page->connection, XENSTORE_RECONNECT); /* it waits */
    }
    server_die();
}

static void test_death_while_emptied(void)
{
    for (unsigned run = 0; run < 2 * DEATHS; run++) {
        bool introduced = run & 1;

        begin();
        EXPECT(ASK(1, XS_WATCH, "data\0token"), "OK"); /* its first event stays in the ring */
        EXPECT(client_write(&server->tool, 0, "/local/domain/1/data", "1"), "OK");
        server_loop();
        CU_ASSERT_NOT_EQUAL(fake_domains[1].page.rsp_prod, fake_domains[1].page.rsp_cons);
        empty_ring_and_die(introduced, run / 2);
        server_start(true);
        server_loop();
        CU_ASSERT_EQUAL(fake_domains[1].page.error, XENSTORE_ERROR_NONE);
        CU_ASSERT_EQUAL(fake_domains[1].page.connection, XENSTORE_CONNECTED);
        bool emptied = !introduced || run / 2 != BEFORE_COMMIT; /* otherwise the request was never made */
        CU_ASSERT_EQUAL(fake_domains[1].page.rsp_prod == 0, emptied);
        if (!emptied)
            fake_domains[1].page.rsp_cons = fake_domains[1].page.rsp_prod;
        EXPECT(ASK(1, XS_READ, "data"), "1");
        if (emptied) /* of the watch nothing is left */
            EXPECT(ASK(1, XS_UNWATCH, "data\0token"), "ENOENT");
        server_die();
        server_start(true); /* the next one finds nothing that is due */
        EXPECT(ASK(1, XS_READ, "data"), "1");
        end();
    }
}

static void test_restart(void)
{
    begin();
    EXPECT(ASK(1, XS_WATCH, "data\0token"), "OK");
    EXPECT(ASK(1, XS_TRANSACTION_START, ""), "data|token"); /* the first event comes in between */
    char rest[24];
    CU_ASSERT_EQUAL(guest_receive(1, rest, sizeof(rest)), 18);
    uint32_t tx = strtoul(rest + 16, NULL, 10);
    CU_ASSERT_TRUE(tx > 0);
    EXPECT(client_ask(&server->tool, XS_SET_TARGET, 0, "1|2"), "OK");
    EXPECT(client_ask(&server->tool, XS_CONTROL, 0, "quota|set|nodes|123"), "OK");
    EXPECT(client_ask(&server->tool, XS_SET_PERMS, 0, "@releaseDomain|n0|r1"), "OK");
    journal_commit(server->store.journal);
    fake_domains[2].exists = false; /* dies while there is no server */
    server_die();

    server_start(true);
    server_loop();
    CU_ASSERT_EQUAL(fake_domains[1].bound, 1);
    CU_ASSERT_EQUAL(server->store.quota.limit[QUOTA_NODES], 123);
    EXPECT(client_ask(&server->tool, XS_READ, 0, "/local/domain/2"), "ENOENT");
    EXPECT(client_ask(&server->tool, XS_IS_DOMAIN_INTRODUCED, 0, "1"), "T");
    /* The transaction cannot be known any more: it goes on, and is to be tried again. */
    EXPECT(guest_ask(1, XS_READ, tx, "none", 5), "ENOENT");
    EXPECT(guest_ask(1, XS_WRITE, tx, "t\0001", 3), "OK");
    EXPECT(guest_ask(1, XS_TRANSACTION_END, tx, "T", 2), "EAGAIN");
    client_write(&server->tool, 0, "/local/domain/1/data/x", "1");
    server_loop();
    char event[16 + 13];
    CU_ASSERT_EQUAL(guest_receive(1, event, sizeof(event)), sizeof(event));
    CU_ASSERT_TRUE(!memcmp(event + 16, "data/x\0token", 13));
    /* The special permission is known, and told of dom0's list of watches. */
    EXPECT(ASK(1, XS_WATCH, "@releaseDomain\0r"), "OK");
    end();
}

/*
 * Servers die at random under two domains that go on. Each writes growing numbers, some in long messages, and reads
 * them back. Each reply must come once, in order, and say what a server that lives for ever would say. The moments
 * between a commit and what it makes visible are played as well: an index of the page gets its old value back at some
 * deaths, for the server might have died just before it wrote the new one.
 */
struct guest {
    char out[2 * WIRE_MESSAGE_MAX];
    size_t out_start, out_end;
    char in[WIRE_MESSAGE_MAX];
    size_t in_length;
    uint32_t asked, answered;
    unsigned events;
};

static void guest_think(struct guest *guest, unsigned domid)
{
    char payload[XENSTORE_PAYLOAD_MAX], *out = guest->out;
    uint32_t number = guest->asked;

    if (guest->out_start < guest->out_end || guest->asked - guest->answered > 8)
        return;
    guest->out_start = guest->out_end = 0;
    for (unsigned i = 0; i < 2; i++, number++) {
        if (number % 2 == 0) { /* a value whose length depends on the number */
            size_t n = sprintf(payload, "value") + 1;
            n += sprintf(payload + n, "%u:%u", domid, number);
            size_t fill = number % 10 == 0 ? 1500 : number % 7;
            memset(payload + n, '.', fill);
            guest->out_end += make_message(out + guest->out_end, XS_WRITE, number, 0, payload, n + fill);
        } else {
            guest->out_end += make_message(out + guest->out_end, XS_READ, number, 0, "value", 6);
        }
    }
    guest->asked = number;
}

static void guest_understand(struct guest *guest, unsigned domid)
{
    struct xsd_sockmsg header;
    char expected[32];
    int length;

    while ((length = wire_message_length(guest->in, guest->in_length)) && (size_t)length <= guest->in_length) {
        CU_ASSERT_TRUE_FATAL(length > 0);
        memcpy(&header, guest->in, sizeof(header));
        if (header.type == XS_WATCH_EVENT) {
            guest->events++;
        } else {
            CU_ASSERT_EQUAL_FATAL(header.req_id, guest->answered);
            CU_ASSERT_EQUAL_FATAL(header.type, guest->answered % 2 ? XS_READ : XS_WRITE);
            size_t n = sprintf(expected, "%u:%u", domid, guest->answered - 1);
            if (header.type == XS_READ)
                CU_ASSERT_TRUE_FATAL(!memcmp(guest->in + 16, expected, n));
            guest->answered++;
        }
        memmove(guest->in, guest->in + length, guest->in_length - length);
        guest->in_length -= length;
    }
}

static void guest_step(struct guest *guest, unsigned domid)
{
    guest_think(guest, domid);
    guest->out_start +=
        guest_send(domid, guest->out + guest->out_start, unit_random_below(guest->out_end - guest->out_start + 1));
    guest->in_length +=
        guest_receive(domid, guest->in + guest->in_length, unit_random_below(sizeof(guest->in) - guest->in_length + 1));
    guest_understand(guest, domid);
}

/* Meanwhile another domain comes, owns a node that the first one watches, and goes. */
static void visit(unsigned round)
{
    if (round % 40 == 0) {
        fake_domains[3].exists = true;
        EXPECT(client_write(&server->tool, 0, "/local/domain/1/value/visitor", "1"), "OK");
        EXPECT(client_ask(&server->tool, XS_SET_PERMS, 0, "/local/domain/1/value/visitor|n3|r1"), "OK");
        EXPECT(client_ask(&server->tool, XS_INTRODUCE, 0, "3|77|5"), "OK");
        journal_commit(server->store.journal);
    } else if (round % 40 == 20) {
        fake_domains[3].exists = false;
        fake_domains[0].dying = true;
    }
}

static void test_deaths(void)
{
    static struct guest guests[3];
    unsigned deaths = 0;

    begin();
    EXPECT(ASK(1, XS_WATCH, "value\0w"), "OK");
    for (unsigned round = 0; round < 20000; round++) {
        struct xenstore_domain_interface *page = &fake_domains[1 + round % 2].page;
        uint32_t consumed = page->req_cons, produced = page->rsp_prod;
        for (unsigned domid = 1; domid < 3; domid++)
            if (unit_random_below(2))
                guest_step(&guests[domid], domid);
        uint32_t read = page->rsp_cons;
        visit(round);
        server_loop();
        if (unit_random_below(50))
            continue;
        if (unit_random_below(2) && page->req_prod - consumed <= XENSTORE_RING_SIZE)
            page->req_cons = consumed;
        if (unit_random_below(2) && (int32_t)(read - produced) <= 0)
            page->rsp_prod = produced;
        server_die();
        server_start(true);
        deaths++;
    }
    printf(" (%u deaths, %u and %u replies) ", deaths, guests[1].answered, guests[2].answered);
    CU_ASSERT_TRUE(guests[1].answered > 1000 && guests[2].answered > 1000);
    CU_ASSERT_TRUE(guests[1].events > 100);
    CU_ASSERT_EQUAL(fake_domains[1].page.error, 0);
    end();
}

int main(void)
{
    close(mkstemp(journal_path));
    CU_TestInfo cases[] = {{"the ring", test_ring},
                           {"messages in parts", test_parts},
                           {"hostile rings", test_hostile},
                           {"a server dies while it empties a ring", test_death_while_emptied},
                           {"a flood of requests", test_flood},
                           {"life and death", test_death},
                           {"a new server", test_restart},
                           {"servers that die at random", test_deaths},
                           CU_TEST_INFO_NULL};
    return unit_run("store domains", cases);
}
