/* SPDX-License-Identifier: MIT
 *
 * Why: all that a back end reads in a ring, a grant table and a folder of the store is a guest's to lie about.
 * Trick: a front end that connects properly and then puts one lie in the place of one truth: in a request, in a ring's
 * counters, in the grant of a page, in what it publishes, in its state. After each lie a proper front end connects and
 * does proper requests. Expect: a request that cannot be is answered by an error. A ring or a connection that cannot be
 * is dropped: no answer comes then, and the state of the back end leaves Connected. Afterwards all is well
 * with a new connection. What other guests see meanwhile is for others to judge.
 */
#include "clock.h"
#include "events.h"
#include "front/block.h"
#include "front/front.h"
#include "front/grants.h"
#include "front/port.h"
#include "front/store.h"
#include "guest.h"
#include "memory.h"

GUEST("hostile_block");

#define ANSWER_MS 10000u
#define BAD_ID    0xbad0u

static struct block disk;
static unsigned ids[8], devices; /* all our disks: a back end lets one that it refused wait, longer each time */
static uint32_t *page;           /* 4 KiB of data */
static const struct block_options plain = {.plain = true};

/* ---- connecting ---- */
static void next_device(void)
{
    static unsigned turn;

    disk.xenbus.id = ids[turn++ % devices];
}

/* The back end may see the end of a lie and this start as one, and refuses it then: who is told to close starts anew.
 */
static bool connect(const char *when)
{
    unsigned tries = 3;
    long ret;

    do {
        ret = block_open(&disk, disk.xenbus.id, &plain);
    } while (ret == -XEN_ECONNREFUSED && --tries);
    if (ret)
        case_failed(when, "a proper front end cannot connect: %ld", ret);
    return !ret;
}

/* A proper write and read; then the end of the connection. */
static void recover(const char *when)
{
    static uint32_t number;

    if (!connect(when))
        return;
    for (unsigned i = 0; i < 1024; i++)
        page[i] = ++number;
    if (block_io(&disk, BLKIF_OP_WRITE, 64, page, 8))
        case_failed(when, "afterwards a proper write fails");
    memset(page, 0, PAGE_SIZE);
    if (block_io(&disk, BLKIF_OP_READ, 64, page, 8) || page[1023] != number)
        case_failed(when, "afterwards what was written is not there");
    if (!block_close(&disk))
        case_failed(when, "afterwards the back end keeps pages");
}

/* ---- one request as it is ---- */
enum { DROPPED = -100, SILENT = -101 }; /* besides the answer's status */

static int wait_answer(void)
{
    uint64_t until = port_deadline(ANSWER_MS);
    struct blkif_response answer;

    while (clock_ns() < until) {
        while (ring_answer(&disk.ring.ring, &answer, sizeof(answer)) == ANSWER_FOUND)
            if (answer.id == BAD_ID)
                return answer.status;
        if (ring_sleep(&disk.ring.ring) && !port_wait(disk.port, port_deadline(50)) &&
            xenbus_back_state(&disk.xenbus) != XenbusStateConnected)
            return DROPPED;
    }
    return SILENT;
}

static int send(const void *request)
{
    memcpy(ring_request(&disk.ring.ring), request, sizeof(struct blkif_request));
    block_push(&disk);
    return wait_answer();
}

static void check_refused(const char *name, const void *request)
{
    int status = send(request);

    if (status == SILENT || status >= 0)
        case_failed(name, status == SILENT ? "no answer" : "it was done");
    else
        case_ok(name);
}

/* ---- lies in a request ---- */
static uint32_t good_grant, read_only_grant, revoked_grant, others_grant;

static struct blkif_request proper(void)
{
    struct blkif_request r = {.operation = BLKIF_OP_READ, .nr_segments = 1, .id = BAD_ID, .sector_number = 64};

    for (unsigned i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++)
        r.seg[i] = (struct blkif_request_segment){.gref = good_grant, .last_sect = 7};
    return r;
}

static void lend(void)
{
    domid_t back = disk.xenbus.back_domid;

    good_grant = grant_give(back, page, false);
    read_only_grant = grant_give(back, page, true);
    revoked_grant = grant_give(back, page, false);
    grant_entry(revoked_grant)->flags = 0;
    others_grant = grant_give((domid_t)(back + 7), page, false);
}

static void take_back(void)
{
    uint32_t grants[] = {good_grant, read_only_grant, revoked_grant, others_grant};
    bool all = true;

    for (unsigned i = 0; i < ARRAY_SIZE(grants); i++)
        all &= grant_take_back(grants[i]);
    check("requests: no page stays mapped", all);
}

static void refuse_segments(void)
{
    struct blkif_request r = proper();
    static const uint8_t sectors[][2] = {{1, 0}, {0, 8}, {7, 255}, {255, 255}, {9, 9}};
    static const uint8_t counts[] = {0, 12, 255};

    for (unsigned i = 0; i < ARRAY_SIZE(sectors); i++) {
        r.seg[0].first_sect = sectors[i][0];
        r.seg[0].last_sect = sectors[i][1];
        check_refused(case_name("sectors %u to %u of a page", sectors[i][0], sectors[i][1]), &r);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
        r = proper();
        r.nr_segments = counts[i];
        check_refused(case_name("%u segments", counts[i]), &r);
    }
}

static void refuse_places(void)
{
    const uint64_t places[] = {disk.sectors, disk.sectors - 7, ~0ull, ~0ull - 7, 1ull << 55, 1ull << 63};
    struct blkif_request r = proper();

    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        r.sector_number = places[i];
        check_refused(case_name("read at sector 0x%lx", places[i]), &r);
        r.operation = BLKIF_OP_WRITE;
        check_refused(case_name("write at sector 0x%lx", places[i]), &r);
        r.operation = BLKIF_OP_READ;
    }
}

static void refuse_grants(void)
{
    const uint32_t grants[] = {0xffffffff, 0x80000000, 5, 3000, 100000, revoked_grant, others_grant};
    struct blkif_request r = proper();

    for (unsigned i = 0; i < ARRAY_SIZE(grants); i++) {
        r.nr_segments = 11; /* the others are good */
        r.seg[i].gref = grants[i];
        r.operation = i & 1 ? BLKIF_OP_WRITE : BLKIF_OP_READ;
        check_refused(case_name("grant 0x%x", grants[i]), &r);
        r = proper();
    }
    r.seg[0].gref = read_only_grant;
    check_refused("read into a page that may only be read", &r);
}

static void refuse_operations(void)
{
    static const uint8_t operations[] = {4, 7, 99, 255};
    struct blkif_request r = proper();
    struct blkif_request_discard discard = {
        .operation = BLKIF_OP_DISCARD, .id = BAD_ID, .sector_number = 8, .nr_sectors = ~0ull};

    for (unsigned i = 0; i < ARRAY_SIZE(operations); i++) {
        r.operation = operations[i];
        check_refused(case_name("operation %u", operations[i]), &r);
    }
    check_refused("discard of all there is and more", memcpy(&r, &discard, sizeof(discard)));
    discard.sector_number = ~0ull;
    discard.nr_sectors = 2;
    check_refused("discard around the end of numbers", memcpy(&r, &discard, sizeof(discard)));
}

static void refuse_indirect(void)
{
    static const uint16_t counts[] = {0, 513, 4096, 65535};
    struct blkif_request_segment *list = page_alloc();
    uint32_t list_grant = grant_give(disk.xenbus.back_domid, list, false);
    struct blkif_request_indirect good = {.operation = BLKIF_OP_INDIRECT,
                                          .indirect_op = BLKIF_OP_READ,
                                          .nr_segments = 16,
                                          .id = BAD_ID,
                                          .sector_number = 64},
                                  r = good;

    for (unsigned i = 0; i < 8; i++)
        good.indirect_grefs[i] = list_grant;
    for (unsigned i = 0; i < 512; i++)
        list[i] = (struct blkif_request_segment){.gref = good_grant, .last_sect = 7};
    for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
        r = good;
        r.nr_segments = counts[i];
        check_refused(case_name("indirect: %u segments", counts[i]), &r);
    }
    r = good;
    r.indirect_op = BLKIF_OP_INDIRECT;
    check_refused("indirect: of an indirect one", &r);
    r.indirect_op = 200;
    check_refused("indirect: of no known operation", &r);
    r = good;
    r.indirect_grefs[0] = 100000;
    check_refused("indirect: no such list", &r);
    r = good;
    list[15].gref = 100000;
    check_refused("indirect: the last grant is none", &r);
    list[15].gref = list_grant; /* the list is overwritten by what is read by it */
    check("indirect: a list that is read into itself is answered", send(&r) > DROPPED);
    check("indirect: the list is given back", grant_take_back(list_grant));
}

static void lies_in_requests(void)
{
    if (!connect("requests"))
        return;
    lend();
    refuse_segments();
    refuse_places();
    refuse_grants();
    refuse_operations();
    if (disk.pages_max > BLKIF_MAX_SEGMENTS_PER_REQUEST ||
        xenbus_number(disk.xenbus.back, "feature-max-indirect-segments", 0))
        refuse_indirect();
    check_eq("the back end is still connected", xenbus_back_state(&disk.xenbus), XenbusStateConnected);
    take_back();
    check("requests: disconnect", block_close(&disk));
    recover("requests");
}

/* ---- lies in the ring ---- */
static void corrupt_counter(const char *name, unsigned jump)
{
    struct blkif_request r = proper();
    int status;

    next_device();
    if (!connect(name))
        return;
    lend();
    r.seg[0].gref = good_grant;
    for (unsigned i = 0; i < disk.ring.ring.slots; i++)
        memcpy((char *)(uintptr_t)disk.ring.ring.page->slot + i * sizeof(r), &r, sizeof(r));
    disk.ring.ring.produced += jump;
    disk.ring.ring.page->req_prod = disk.ring.ring.produced;
    event_send(disk.port);
    status = wait_answer();
    check_eq(name, status, DROPPED);
    block_close(&disk);
    take_back();
    recover(name);
}

/* The slots change as fast as can be while the back end reads them. */
static void change_while_read(void)
{
    struct blkif_request r = proper(), lie;
    uint64_t until = clock_ns() + 700000000ull;

    if (!connect("change"))
        return;
    lend();
    r = proper();
    lie = r;
    lie.nr_segments = 255;
    lie.seg[0].first_sect = 200;
    lie.sector_number = ~0ull;
    while (clock_ns() < until && ring_free(&disk.ring.ring) &&
           xenbus_back_state(&disk.xenbus) == XenbusStateConnected) {
        void *slot = ring_request(&disk.ring.ring);

        memcpy(slot, &r, sizeof(r));
        block_push(&disk);
        for (unsigned i = 0; i < 2000; i++)
            memcpy(slot, i & 1 ? &r : &lie, sizeof(r));
        memcpy(slot, &lie, sizeof(r));
        wait_answer();
    }
    case_ok("requests that change while they are read");
    block_close(&disk);
    take_back();
    recover("change");
}

/* Our own pages, lent by a grant that is crossed out while it is in use. */
static void revoke_ring(void)
{
    if (!connect("revoke"))
        return;
    grant_entry(disk.ring.grant[0])->flags = 0;
    block_io(&disk, BLKIF_OP_READ, 0, page, 8); /* answered or not */
    case_ok("a ring whose grant is crossed out");
    block_close(&disk);
    recover("revoke");
}

/* Until nothing is under way; false: something failed. */
static bool all_done(void)
{
    struct blkif_response answer;
    bool good = true;

    while (ring_free(&disk.ring.ring) < disk.ring.ring.slots) {
        if (!block_wait(&disk, ANSWER_MS))
            return false;
        while (ring_answer(&disk.ring.ring, &answer, sizeof(answer)) == ANSWER_FOUND)
            good &= answer.status == BLKIF_RSP_OKAY;
    }
    return good;
}

/* More and more pages, each by another grant, to a back end that was told to keep them. */
static void many_persistent(void)
{
    static uint32_t grants[1300];
    struct blkif_request r = proper();
    unsigned bad = 0, i;

    if (block_open(&disk, disk.xenbus.id, NULL))
        return;
    for (i = 0; i < ARRAY_SIZE(grants); i++) {
        if (!ring_free(&disk.ring.ring)) {
            block_push(&disk);
            bad += !all_done();
        }
        grants[i] = grant_give(disk.xenbus.back_domid, page, false);
        r.seg[0].gref = grants[i];
        memcpy(ring_request(&disk.ring.ring), &r, sizeof(r));
    }
    block_push(&disk);
    bad += !all_done();
    check_eq("persistent: 1300 grants of one page are all used", bad, 0);
    check("persistent: disconnect", block_close(&disk));
    for (i = 0; i < ARRAY_SIZE(grants); i++)
        bad += !grant_take_back(grants[i]);
    check_eq("persistent: all are given back", bad, 0);
    recover("persistent");
}

/* ---- lies in the store ---- */
struct lie {
    const char *name, *node, *value;
};

static void publish_lie(const struct lie *lie)
{
    struct xenbus_nodes nodes = {0};
    struct xenbus_ring ring;
    struct xenbus_device device;
    long port;

    next_device();
    if (xenbus_open(&device, "vbd", disk.xenbus.id) || !xenbus_wait(&device, XENBUS_IS(InitWait), 60000)) {
        case_failed(lie->name, "the back end does not wait for a front end");
        return;
    }
    port = event_alloc_unbound(DOMID_SELF, device.back_domid);
    xenbus_ring_open(&ring, device.back_domid, 1, sizeof(union blkif_sring_entry));
    xenbus_add(&nodes, "ring-ref", ring.grant[0]);
    xenbus_add(&nodes, "event-channel", (uint64_t)port);
    xenbus_add_text(&nodes, "protocol", "x86_64-abi");
    xenbus_add_text(&nodes, lie->node, lie->value);
    xenbus_publish(&device, &nodes, XenbusStateInitialised);
    if (!xenbus_wait(&device, XENBUS_IS(Connected) | XENBUS_IS(Closing) | XENBUS_IS(Closed), 30000))
        case_failed(lie->name, "the back end does not refuse");
    else if (xenbus_back_state(&device) == XenbusStateConnected)
        case_failed(lie->name, "the back end says Connected");
    else
        case_ok(lie->name);
    xenbus_close(&device);
    if (!xenbus_ring_close(&ring))
        case_failed(lie->name, "the ring stays mapped");
    event_close((unsigned)port);
    for (unsigned i = 0; i < nodes.count; i++) {
        char path[STORE_PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", device.front, nodes.node[i].name);
        store_remove(STORE_OUTSIDE, path);
    }
}

static void lies_in_the_store(void)
{
    static const struct lie lies[] = {
        {"a ring by no grant", "ring-ref", "100000"},
        {"a ring by a text", "ring-ref", "twelve"},
        {"a ring by a negative number", "ring-ref", "-1"},
        {"a ring by a huge number", "ring-ref", "99999999999999999999"},
        {"a ring of 2^20 pages", "ring-page-order", "20"},
        {"a ring of 2^4000000000 pages", "ring-page-order", "4000000000"},
        {"a ring of two pages that are not there", "ring-page-order", "1"},
        {"an event channel that is none", "event-channel", "4000"},
        {"an event channel that is huge", "event-channel", "4294967295"},
        {"an event channel by a text", "event-channel", "x"},
        {"a layout that nobody knows", "protocol", "vax-abi"},
        {"a million queues", "multi-queue-num-queues", "1000000"},
        {"four queues of which none is there", "multi-queue-num-queues", "4"},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(lies); i++)
        publish_lie(&lies[i]);
    recover("store");
}

/* ---- states in a wild order ---- */
static void flip_states(void)
{
    uint32_t seed = 12345;

    for (unsigned i = 0; i < 150; i++) {
        char state[16];

        seed = seed * 1664525 + 1013904223;
        snprintf(state, sizeof(state), "%u", seed >> 24 & 15);
        store_write(STORE_OUTSIDE, case_name("%s/state", disk.xenbus.front), i % 50 == 49 ? "none" : state);
        if (i % 7 == 0)
            port_wait(disk.port, port_deadline(5));
    }
    /* The back end may still be connecting to a state long past, by nodes of then: whoever starts anew without having
     * been heard closing would be taken for that one. */
    check("states in a wild order", xenbus_close(&disk.xenbus));
    recover("states");
}

/* A ring full of requests, and nobody who waits for them. */
static void leave_in_the_middle(void)
{
    struct blkif_request r = proper();

    if (!connect("leave"))
        return;
    lend();
    r = proper();
    while (ring_free(&disk.ring.ring))
        memcpy(ring_request(&disk.ring.ring), &r, sizeof(r));
    block_push(&disk);
    case_ok("ends in the middle of requests");
}

void guest_main(void)
{
    if (!front_open())
        report_skip("only other domains have front ends");
    devices = xenbus_list("vbd", ids, ARRAY_SIZE(ids));
    if (!devices)
        report_skip("this guest has no disk");
    next_device();
    page = page_alloc();
    printf("READY\n");
    recover("before all");
    lies_in_requests();
    corrupt_counter("one request more than slots", 33);
    corrupt_counter("the counter jumps by 2^31", 1u << 31);
    corrupt_counter("the counter goes back", ~0u);
    change_while_read();
    revoke_ring();
    many_persistent();
    lies_in_the_store();
    flip_states();
    leave_in_the_middle();
}
