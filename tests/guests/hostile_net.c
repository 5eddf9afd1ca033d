/* SPDX-License-Identifier: MIT
 *
 * Why: all that a back end reads in a ring, a grant table and a folder of the store is a guest's to lie about.
 * Trick: a front end that connects properly and then tells one lie: in the slots of a packet, in a ring's counters, in
 * the pages that it offers for receiving, in what it publishes, in its state. Somebody in dom0 sends packets to it
 * meanwhile. Expect: a packet that cannot be is answered by an error, or the connection is dropped (the state of the
 * back end leaves Connected). Afterwards a proper front end connects, and its packets
 * are sent. What other guests see meanwhile is for others to judge.
 */
#include "clock.h"
#include "events.h"
#include "front/front.h"
#include "front/grants.h"
#include "front/net.h"
#include "front/port.h"
#include "front/store.h"
#include "guest.h"
#include "memory.h"

#include <xen/io/netif.h>

GUEST("hostile_net");

#define ANSWER_MS 10000u

static struct net net;
static unsigned ids[8], devices; /* all our interfaces: a back end lets one that it refused wait, longer each time */
static uint8_t frame[60];

/* ---- connecting ---- */
static void next_device(void)
{
    static unsigned turn;

    net.xenbus.id = ids[turn++ % devices];
}

/* The back end may see the end of a lie and this start as one, and refuses it then: who is told to close starts anew.
 */
static bool connect(const char *when)
{
    unsigned tries = 3;
    long ret;

    do {
        ret = net_open(&net, net.xenbus.id, NULL);
    } while (ret == -XEN_ECONNREFUSED && --tries);

    if (ret) {
        case_failed(when, "a proper front end cannot connect: %ld", ret);
        return false;
    }
    memset(frame, 0xff, 6); /* to all; the type is one for experiments */
    memcpy(frame + 6, net.mac, 6);
    frame[12] = 0x88;
    frame[13] = 0xb5;
    return true;
}

static void drain(void)
{
    static uint8_t received[2048];

    while (net_receive(&net, received, sizeof(received), NULL))
        ;
}

/* Proper frames, which must be sent; then the end of the connection. */
static void recover(const char *when)
{
    uint64_t until;

    if (!connect(when))
        return;
    for (unsigned i = 0; i < 20; i++)
        net_send(&net, frame, sizeof(frame), NULL);
    until = port_deadline(3000);
    while (net.send.ring.produced != net.send.ring.consumed && clock_ns() < until) {
        net_wait(&net, 100);
        drain();
        net_reap(&net);
    }
    if (net.send.ring.produced != net.send.ring.consumed || net.sent_errors)
        case_failed(when, "afterwards proper packets are not sent");
    if (!net_close(&net))
        case_failed(when, "afterwards the back end keeps pages");
}

/* ---- lies in packets ---- */
enum { DROPPED = -100, SILENT = -101 };

static uint32_t good_grant;
static void *page;

/* Until all of our slots are answered: the worst of the answers. */
static int wait_answers(unsigned slots)
{
    uint64_t until = port_deadline(ANSWER_MS);
    struct netif_tx_response answer;
    int worst = NETIF_RSP_OKAY;

    for (unsigned seen = 0; seen < slots;) {
        while (ring_answer(&net.send.ring, &answer, sizeof(answer)) == ANSWER_FOUND) {
            seen++;
            if (answer.status != NETIF_RSP_NULL && answer.status < worst)
                worst = answer.status;
        }
        if (seen >= slots)
            break;
        if (clock_ns() > until)
            return SILENT;
        if (ring_sleep(&net.send.ring) && !port_wait(net.port[0], port_deadline(50)) &&
            xenbus_back_state(&net.xenbus) != XenbusStateConnected)
            return DROPPED;
    }
    return worst;
}

union slot {
    struct netif_tx_request request;
    struct netif_extra_info extra;
};

struct packet {
    const char *name;
    unsigned slots;
    union slot slot[4];
    bool may_pass; /* strange, but a packet */
};

static void send_slots(const union slot *slots, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        memcpy(ring_request(&net.send.ring), &slots[i], sizeof(slots[i]));
    if (ring_publish(&net.send.ring))
        event_send(net.port[0]);
}

static bool is_open; /* the connection over which one strange packet goes after the other, until it is dropped */

/* false: there is none. */
static bool connected(const char *when)
{
    if (is_open && xenbus_back_state(&net.xenbus) == XenbusStateConnected)
        return true;
    if (is_open && !net_close(&net))
        case_failed(when, "the back end keeps pages");
    next_device();
    is_open = connect(when);
    return is_open;
}

static void judge_packet(const struct packet *packet, unsigned repeat)
{
    union slot slots[4];
    int status;

    if (!connected(packet->name))
        return;
    page = page_alloc();
    memcpy(page, frame, sizeof(frame));
    good_grant = grant_give(net.xenbus.back_domid, page, true);
    for (unsigned i = 0; i < packet->slots; i++) {
        slots[i] = packet->slot[i];
        if (slots[i].request.gref == 0xcafe)
            slots[i].request.gref = good_grant;
    }
    for (unsigned i = 0; i < repeat && ring_free(&net.send.ring) >= packet->slots; i++)
        send_slots(slots, packet->slots);
    status = wait_answers(packet->slots * repeat);
    if (status == NETIF_RSP_OKAY && !packet->may_pass)
        case_failed(packet->name, "it was sent");
    else if (status == SILENT)
        case_failed(packet->name, "no answer");
    else
        case_ok(packet->name);
    /* A back end that drops the ring lets go of the page with it. */
    if (status == DROPPED && !connected(packet->name))
        return;
    if (!grant_take_back(good_grant))
        case_failed(packet->name, "the back end keeps a page");
    else
        page_free(page);
}

// clang-format off
#define REQUEST(size_, flags_, ...) {.request = {.gref = 0xcafe, .id = 9, .size = size_, .flags = flags_, __VA_ARGS__}}
#define EXTRA(...) {.extra = {__VA_ARGS__}}
#define GSO XEN_NETIF_EXTRA_TYPE_GSO
static const struct packet lies[] = {
    {"a packet of 0 bytes", 1, {REQUEST(0, 0)}, false},
    {"a packet of 13 bytes", 1, {REQUEST(13, 0)}, false},
    {"a packet of 14 bytes", 1, {REQUEST(14, 0)}, true},
    {"a packet beyond its page", 1, {REQUEST(100, 0, .offset = 4090)}, false},
    {"a packet at offset 65535", 1, {REQUEST(60, 0, .offset = 65535)}, false},
    {"a packet of 65535 bytes in a page", 1, {REQUEST(65535, 0)}, false},
    {"a grant that is none", 1, {{.request = {.gref = 100000, .size = 60}}}, false},
    {"a second grant that is none", 2, {REQUEST(120, NETTXF_more_data), {.request = {.gref = 99999, .size = 60}}}, false},
    {"parts larger than the whole", 2, {REQUEST(100, NETTXF_more_data), REQUEST(101, 0)}, false},
    {"a second part beyond its page", 2, {REQUEST(5000, NETTXF_more_data), REQUEST(4000, 0, .offset = 1000)}, false},
    {"more than 65535 bytes", 2, {REQUEST(65535, NETTXF_more_data), REQUEST(65535, 0)}, false},
    {"extra information of no type", 2, {REQUEST(60, NETTXF_extra_info), EXTRA(.type = 0)}, false},
    {"extra information of type 200", 2, {REQUEST(60, NETTXF_extra_info), EXTRA(.type = 200)}, false},
    {"extra information without end", 4, {REQUEST(60, NETTXF_extra_info), EXTRA(.type = GSO, .flags = 1, .u.gso = {1000, 1, 0, 0}),
        EXTRA(.type = GSO, .flags = 1, .u.gso = {1000, 1, 0, 0}), EXTRA(.type = GSO, .flags = 1, .u.gso = {1000, 1, 0, 0})}, false},
    {"segments of 0 bytes", 2, {REQUEST(60, NETTXF_extra_info), EXTRA(.type = GSO, .u.gso = {0, 1, 0, 0})}, false},
    {"segments of no known type", 2, {REQUEST(60, NETTXF_extra_info), EXTRA(.type = GSO, .u.gso = {1000, 77, 0, 0})}, false},
    {"segments of what is no TCP", 2, {REQUEST(60, NETTXF_extra_info | NETTXF_csum_blank), EXTRA(.type = GSO, .u.gso = {1000, 1, 0, 0})}, true},
    {"a blank checksum of what has none", 1, {REQUEST(60, NETTXF_csum_blank)}, true},
    {"a blank checksum of 14 bytes", 1, {REQUEST(14, NETTXF_csum_blank)}, true},
    {"all flags", 1, {REQUEST(60, 0xffff)}, false},
};
// clang-format on

/* A chain as long as the ring, which never ends. */
static const struct packet endless = {"a packet without end", 1, {REQUEST(60, NETTXF_more_data)}, false};

/* ---- lies in rings ---- */
static void corrupt_counter(const char *name, bool receive, unsigned jump, bool is_dropped)
{
    struct xenbus_ring *ring;

    next_device();
    if (!connect(name))
        return;
    ring = receive ? &net.receive : &net.send;
    ring->ring.page->req_prod = ring->ring.produced + jump;
    event_send(net.port[receive]);
    /* Buffers are only looked at for a packet. */
    check(name, xenbus_wait(&net.xenbus, ~XENBUS_IS(Connected), is_dropped ? ANSWER_MS : 500) || !is_dropped);
    if (!net_close(&net))
        case_failed(name, "the back end keeps pages");
    recover(name);
}

/* Offers pages that cannot be written, while packets come in. Where they can be, as they are the rings, what they then
 * say may be anything. */
static void corrupt_buffers(const char *name, uint32_t (*grant_of)(unsigned slot), bool writable)
{
    uint64_t until = port_deadline(30000);
    struct netif_rx_request *slots;
    struct netif_rx_response answer;
    unsigned errors = 0, answers = 0;

    next_device();
    if (!connect(name))
        return;
    slots = (struct netif_rx_request *)(uintptr_t)net.receive.ring.page->slot;
    for (unsigned i = 0; i < NET_SLOTS; i++)
        slots[i].gref = grant_of(i);
    /* The first packets may be in pages that were taken out of the ring before. */
    while (clock_ns() < until && !errors && !(writable && answers) &&
           xenbus_back_state(&net.xenbus) == XenbusStateConnected) {
        while (ring_answer(&net.receive.ring, &answer, sizeof(answer)) == ANSWER_FOUND) {
            answers++;
            errors += answer.status < 0;
        }
        ring_sleep(&net.receive.ring);
        port_wait(net.port[1], port_deadline(50));
    }
    report_note("%s: %u answers, %u errors", name, answers, errors);
    if (clock_ns() >= until)
        case_failed(name, answers ? "all packets came in" : "no packet came");
    else
        case_ok(name);
    if (!net_close(&net))
        case_failed(name, "the back end keeps pages");
    recover(name);
}

static uint32_t none(unsigned slot)
{
    return 100000 + slot;
}

static uint32_t ring_itself(unsigned slot)
{
    return slot & 1 ? net.receive.grant[0] : net.send.grant[0];
}

static uint32_t read_only(unsigned slot)
{
    grant_entry(net.in[slot].grant)->flags |= GTF_readonly;
    return net.in[slot].grant;
}

static void revoke_rings(void)
{
    if (!connect("revoke"))
        return;
    grant_entry(net.send.grant[0])->flags = 0;
    grant_entry(net.receive.grant[0])->flags = 0;
    for (unsigned i = 0; i < NET_SLOTS; i++)
        grant_entry(net.in[i].grant)->flags = 0;
    for (unsigned i = 0; i < 100; i++)
        net_send(&net, frame, sizeof(frame), NULL);
    port_wait(net.port[0], port_deadline(500));
    case_ok("rings and pages whose grants are crossed out");
    net_close(&net);
    recover("revoke");
}

/* ---- lies in the store, and states in a wild order ---- */
struct store_lie {
    const char *name, *node, *value;
};

static void publish_lie(const struct store_lie *lie)
{
    struct xenbus_ring ring[2];
    struct xenbus_nodes nodes = {0};
    struct xenbus_device device;
    char path[STORE_PATH_MAX];
    long port;

    next_device();
    if (xenbus_open(&device, "vif", net.xenbus.id) || !xenbus_wait(&device, XENBUS_IS(InitWait), 60000)) {
        case_failed(lie->name, "the back end does not wait for a front end");
        return;
    }
    port = event_alloc_unbound(DOMID_SELF, device.back_domid);
    xenbus_ring_open(&ring[0], device.back_domid, 1, sizeof(union netif_tx_sring_entry));
    xenbus_ring_open(&ring[1], device.back_domid, 1, sizeof(union netif_rx_sring_entry));
    xenbus_add(&nodes, "tx-ring-ref", ring[0].grant[0]);
    xenbus_add(&nodes, "rx-ring-ref", ring[1].grant[0]);
    xenbus_add(&nodes, "event-channel", (uint64_t)port);
    xenbus_add(&nodes, "request-rx-copy", 1);
    xenbus_add(&nodes, "feature-rx-notify", 1);
    xenbus_add_text(&nodes, lie->node, lie->value);
    xenbus_publish(&device, &nodes, XenbusStateConnected);
    if (!xenbus_wait(&device, XENBUS_IS(Connected) | XENBUS_IS(Closing) | XENBUS_IS(Closed), 30000))
        case_failed(lie->name, "the back end does not refuse");
    else if (xenbus_back_state(&device) == XenbusStateConnected)
        case_failed(lie->name, "the back end says Connected");
    else
        case_ok(lie->name);
    xenbus_close(&device);
    if (!xenbus_ring_close(&ring[0]) || !xenbus_ring_close(&ring[1]))
        case_failed(lie->name, "a ring stays mapped");
    event_close((unsigned)port);
    for (unsigned i = 0; i < nodes.count; i++) {
        snprintf(path, sizeof(path), "%s/%s", device.front, nodes.node[i].name);
        store_remove(STORE_OUTSIDE, path);
    }
}

static void lies_in_the_store(void)
{
    static const struct store_lie store_lies[] = {
        {"a ring by no grant", "rx-ring-ref", "100000"},
        {"a ring by a text", "tx-ring-ref", "twelve"},
        {"an event channel that is none", "event-channel", "4000"},
        {"an event channel that is huge", "event-channel", "4294967295"},
        {"packets that are not copied", "request-rx-copy", "0"},
        {"a million queues", "multi-queue-num-queues", "1000000"},
        {"two queues of which none is there", "multi-queue-num-queues", "2"},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(store_lies); i++)
        publish_lie(&store_lies[i]);
    recover("store");
}

static void flip_states(void)
{
    uint32_t seed = 54321;
    char state[16];

    for (unsigned i = 0; i < 150; i++) {
        seed = seed * 1664525 + 1013904223;
        snprintf(state, sizeof(state), "%u", seed >> 24 & 15);
        store_write(STORE_OUTSIDE, case_name("%s/state", net.xenbus.front), i % 50 == 49 ? "none" : state);
        if (i % 7 == 0)
            port_wait(1, port_deadline(5));
    }
    /* The back end may still be connecting to a state long past, by nodes of then: whoever starts anew without having
     * been heard closing would be taken for that one. */
    check("states in a wild order", xenbus_close(&net.xenbus));
    recover("states");
}

void guest_main(void)
{
    if (!front_open())
        report_skip("only other domains have front ends");
    devices = xenbus_list("vif", ids, ARRAY_SIZE(ids));
    if (!devices)
        report_skip("this guest has no network interface");
    next_device();
    printf("READY\n");
    recover("before all");
    for (unsigned i = 0; i < ARRAY_SIZE(lies); i++)
        judge_packet(&lies[i], 1);
    judge_packet(&endless, 256);
    check("packets: disconnect", !is_open || net_close(&net));
    recover("packets");
    corrupt_counter("more packets than slots", false, 257, true);
    corrupt_counter("more buffers than slots", true, 300, true);
    corrupt_counter("packets taken back", false, ~0u, true);
    corrupt_counter("buffers taken back", true, ~0u - 100, false);
    corrupt_buffers("buffers by no grant", none, false);
    corrupt_buffers("buffers that may only be read", read_only, false);
    corrupt_buffers("buffers that are the rings", ring_itself, true);
    revoke_rings();
    lies_in_the_store();
    flip_states();
    connect("leaves in the middle");
}
