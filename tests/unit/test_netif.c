/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network back end's pure parts: packets out of slots, checksum and segmentation, the rate. */
#include "common/shared_ring.h"
#include "net/netif_parse.h"
#include "net/offload.h"
#include "net/rate_limit.h"
#include "unit.h"

#include <string.h>

static union netif_tx_slot slot(uint32_t gref, uint16_t offset, uint16_t flags, uint16_t id, uint16_t size)
{
    return (union netif_tx_slot){.request = {.gref = gref, .offset = offset, .flags = flags, .id = id, .size = size}};
}

static union netif_tx_slot gso(uint8_t type, uint16_t size, uint8_t flags)
{
    union netif_tx_slot s = {.extra = {.type = XEN_NETIF_EXTRA_TYPE_GSO, .flags = flags}};
    s.extra.u.gso.type = type;
    s.extra.u.gso.size = size;
    return s;
}

/* The verdict on the last of the slots; the others wanted more. */
static enum netif_fed feed(struct netif_packet *p, const union netif_tx_slot *slots, unsigned count)
{
    enum netif_fed fed = NETIF_MORE;
    netif_packet_begin(p);
    for (unsigned i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(fed, NETIF_MORE);
        fed = netif_packet_feed(p, &slots[i]);
    }
    return fed;
}

static void test_one_slot(void)
{
    struct netif_packet p;
    union netif_tx_slot s = slot(77, 100, 0, 5, 60);
    CU_ASSERT_EQUAL(feed(&p, &s, 1), NETIF_COMPLETE);
    CU_ASSERT(!p.failed && p.total == 60 && p.slots == 1 && p.pieces == 1);
    CU_ASSERT(p.piece[0].grant == 77 && p.piece[0].offset == 100 && p.piece[0].size == 60);
    struct netif_tx_response r = netif_packet_answer(&p, 0, NETIF_RSP_OKAY);
    CU_ASSERT(r.id == 5 && r.status == NETIF_RSP_OKAY);
}

static void test_chain_with_segmentation(void)
{
    struct netif_packet p;
    union netif_tx_slot s[] = {
        slot(1, 2, NETTXF_csum_blank | NETTXF_extra_info | NETTXF_more_data, 10, 66 + 4096 + 500),
        gso(XEN_NETIF_GSO_TYPE_TCPV4, 1448, 0), slot(2, 0, NETTXF_more_data, 11, 4096), slot(3, 3596, 0, 12, 500)};
    CU_ASSERT_EQUAL(feed(&p, s, 4), NETIF_COMPLETE);
    CU_ASSERT(!p.failed && p.pieces == 3 && p.slots == 4 && p.gso_size == 1448);
    CU_ASSERT_EQUAL(p.piece[0].size, 66);
    CU_ASSERT(p.piece[2].grant == 3 && p.piece[2].offset == 3596 && p.piece[2].size == 500);
    CU_ASSERT_EQUAL(netif_packet_answer(&p, 0, NETIF_RSP_ERROR).status, NETIF_RSP_ERROR);
    CU_ASSERT_EQUAL(netif_packet_answer(&p, 1, NETIF_RSP_ERROR).status, NETIF_RSP_NULL);
    CU_ASSERT_EQUAL(netif_packet_answer(&p, 3, NETIF_RSP_OKAY).id, 12);
}

static void test_lies(void)
{
    struct netif_packet p;
    union netif_tx_slot beyond = slot(1, 4000, 0, 0, 97), start = slot(1, 4096, NETTXF_more_data, 0, 100);
    CU_ASSERT_EQUAL(feed(&p, &beyond, 1), NETIF_LIE);
    CU_ASSERT_EQUAL(feed(&p, &start, 1), NETIF_LIE);
    union netif_tx_slot second[] = {slot(1, 0, NETTXF_more_data, 0, 5000), slot(2, 1, 0, 0, 4096)};
    CU_ASSERT_EQUAL(feed(&p, second, 2), NETIF_LIE);
    union netif_tx_slot first[] = {slot(1, 0, NETTXF_more_data, 0, 6000), slot(2, 0, 0, 0, 100)};
    CU_ASSERT_EQUAL(feed(&p, first, 2), NETIF_LIE); /* 5900 bytes in the first page */
    union netif_tx_slot type[] = {slot(1, 0, NETTXF_extra_info, 0, 100), gso(3, 1448, 0)};
    CU_ASSERT_EQUAL(feed(&p, type, 2), NETIF_LIE);
    union netif_tx_slot zero[] = {slot(1, 0, NETTXF_extra_info, 0, 100), gso(XEN_NETIF_GSO_TYPE_TCPV4, 0, 0)};
    CU_ASSERT_EQUAL(feed(&p, zero, 2), NETIF_LIE);
    union netif_tx_slot late[] = {slot(1, 0, NETTXF_more_data, 0, 200), slot(2, 0, NETTXF_extra_info, 0, 100)};
    CU_ASSERT_EQUAL(feed(&p, late, 2), NETIF_LIE);
}

static void test_endless_chains(void)
{
    struct netif_packet p;
    union netif_tx_slot more = slot(1, 0, NETTXF_more_data, 0, 10), first = slot(1, 0, NETTXF_more_data, 0, 60000);
    union netif_tx_slot extra = gso(XEN_NETIF_GSO_TYPE_TCPV4, 1448, XEN_NETIF_EXTRA_FLAG_MORE);
    enum netif_fed fed;
    unsigned n = 1;
    netif_packet_begin(&p);
    for (fed = netif_packet_feed(&p, &first); fed == NETIF_MORE && n < 300; n++)
        fed = netif_packet_feed(&p, &more);
    CU_ASSERT(fed == NETIF_LIE && n <= NETIF_SLOTS_MAX + 1);
    first = slot(1, 0, NETTXF_extra_info, 0, 600);
    netif_packet_begin(&p);
    for (n = 1, fed = netif_packet_feed(&p, &first); fed == NETIF_MORE && n < 300; n++)
        fed = netif_packet_feed(&p, &extra);
    CU_ASSERT(fed == NETIF_LIE && n <= NETIF_SLOTS_MAX + 1);
}

static void test_errors(void)
{
    struct netif_packet p;
    union netif_tx_slot tiny = slot(1, 0, 0, 3, 13);
    CU_ASSERT(feed(&p, &tiny, 1) == NETIF_COMPLETE && p.failed);
    union netif_tx_slot sum[] = {slot(1, 0, NETTXF_more_data, 0, 100), slot(2, 0, 0, 0, 101)};
    CU_ASSERT(feed(&p, sum, 2) == NETIF_COMPLETE && p.failed);
    /* 19 slots: too many, and yet an answer for each of them. */
    union netif_tx_slot many[19];
    for (unsigned i = 0; i < 19; i++)
        many[i] = slot(i, 0, i == 18 ? 0 : NETTXF_more_data, (uint16_t)(i + 100), i ? 100 : 1900);
    CU_ASSERT(feed(&p, many, 19) == NETIF_COMPLETE && p.failed && p.slots == 19);
    CU_ASSERT_EQUAL(netif_packet_answer(&p, 18, NETIF_RSP_ERROR).id, 118);
    union netif_tx_slot group[] = {slot(1, 0, NETTXF_extra_info, 0, 100),
                                   {.extra = {.type = XEN_NETIF_EXTRA_TYPE_MCAST_ADD}}};
    CU_ASSERT(feed(&p, group, 2) == NETIF_COMPLETE && p.failed);
}

/* ---- offload ---- */

static uint32_t make_tcp4(uint8_t *head, unsigned vlans)
{
    memset(head, 0, OFFLOAD_HEAD);
    uint32_t at = 12;
    for (; vlans; vlans--, at += 4)
        head[at] = 0x81;
    head[at] = 0x08;
    uint8_t *ip = head + at + 2;
    ip[0] = 0x45;
    ip[9] = 6;
    memcpy(ip + 12, (uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2}, 8);
    ip[20 + 12] = 0x80; /* TCP: 32 bytes */
    return at + 2 + 20;
}

static struct netif_packet packet(uint16_t flags, uint8_t gso_type, uint16_t gso_size, uint32_t total)
{
    return (struct netif_packet){.flags = flags, .gso_type = gso_type, .gso_size = gso_size, .total = total};
}

static void test_outward(void)
{
    uint8_t head[OFFLOAD_HEAD];
    struct virtio_net_hdr v;
    for (unsigned vlans = 0; vlans < 3; vlans++) {
        struct netif_packet p = packet(NETTXF_csum_blank, XEN_NETIF_GSO_TYPE_TCPV4, 1448, 20000);
        uint32_t transport = make_tcp4(head, vlans);
        CU_ASSERT_PTR_NULL(offload_outward(&p, head, sizeof(head), &v));
        CU_ASSERT(v.flags == VIRTIO_NET_HDR_F_NEEDS_CSUM && v.csum_start == transport && v.csum_offset == 16);
        CU_ASSERT(v.gso_type == VIRTIO_NET_HDR_GSO_TCPV4 && v.gso_size == 1448 && v.hdr_len == transport + 32);
    }
    /* Nothing asked: nothing looked at. */
    struct netif_packet plain = packet(0, XEN_NETIF_GSO_TYPE_NONE, 0, 60);
    CU_ASSERT_PTR_NULL(offload_outward(&plain, head, 14, &v));
    CU_ASSERT(!v.flags && !v.gso_type);
    /* A segment's size more than the packet: no segmentation. */
    struct netif_packet small = packet(NETTXF_csum_blank, XEN_NETIF_GSO_TYPE_TCPV4, 1448, 500);
    make_tcp4(head, 0);
    CU_ASSERT_PTR_NULL(offload_outward(&small, head, sizeof(head), &v));
    CU_ASSERT_EQUAL(v.gso_type, VIRTIO_NET_HDR_GSO_NONE);
}

static void test_outward_without_blank(void)
{
    uint8_t head[OFFLOAD_HEAD];
    struct virtio_net_hdr v;
    struct netif_packet p = packet(0, XEN_NETIF_GSO_TYPE_TCPV4, 1448, 34 + 32 + 3000);
    uint32_t transport = make_tcp4(head, 0);
    CU_ASSERT_PTR_NULL(offload_outward(&p, head, sizeof(head), &v));
    /* 0a00 + 0001 + 0a00 + 0002 + protocol 6 + length 3032 */
    unsigned sum = 0x0a00 + 1 + 0x0a00 + 2 + 6 + 3032;
    CU_ASSERT_EQUAL(head[transport + 16] << 8 | head[transport + 17], (int)sum);
}

static void test_outward_refused(void)
{
    uint8_t head[OFFLOAD_HEAD];
    struct virtio_net_hdr v;
    struct netif_packet p = packet(NETTXF_csum_blank, XEN_NETIF_GSO_TYPE_TCPV4, 1448, 20000);
    uint32_t transport = make_tcp4(head, 0);
    for (uint32_t length = 14; length < transport + 20; length++)
        CU_ASSERT_PTR_NOT_NULL(offload_outward(&p, head, length, &v));
    head[transport - 20 + 6] = 0x20; /* a fragment */
    CU_ASSERT_PTR_NOT_NULL(offload_outward(&p, head, sizeof(head), &v));
    make_tcp4(head, 0);
    head[transport - 20 + 9] = 47; /* GRE */
    CU_ASSERT_PTR_NOT_NULL(offload_outward(&p, head, sizeof(head), &v));
    make_tcp4(head, 0);
    head[transport + 12] = 0x40; /* a TCP header of 16 bytes */
    CU_ASSERT_PTR_NOT_NULL(offload_outward(&p, head, sizeof(head), &v));
    make_tcp4(head, 0);
    p.gso_type = XEN_NETIF_GSO_TYPE_TCPV6;
    CU_ASSERT_PTR_NOT_NULL(offload_outward(&p, head, sizeof(head), &v));
    p = packet(NETTXF_csum_blank, XEN_NETIF_GSO_TYPE_TCPV4, 1, 60000);
    CU_ASSERT_PTR_NOT_NULL(offload_outward(&p, head, sizeof(head), &v));
}

static void test_outward_ipv6(void)
{
    uint8_t head[OFFLOAD_HEAD] = {[12] = 0x86, [13] = 0xdd, [14] = 0x60, [20] = 0 /* hop-by-hop */};
    struct virtio_net_hdr v;
    head[54] = 17; /* then UDP, behind 8 bytes */
    struct netif_packet p = packet(NETTXF_csum_blank, XEN_NETIF_GSO_TYPE_NONE, 0, 200);
    CU_ASSERT_PTR_NULL(offload_outward(&p, head, sizeof(head), &v));
    CU_ASSERT(v.csum_start == 62 && v.csum_offset == 6 && v.hdr_len == 70);
    memset(head + 54, 0, sizeof(head) - 54); /* hop-by-hop for ever */
    CU_ASSERT_PTR_NOT_NULL(offload_outward(&p, head, sizeof(head), &v));
}

static void test_inward(void)
{
    struct virtio_net_hdr v = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                               .csum_start = 34,
                               .csum_offset = 16,
                               .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN,
                               .gso_size = 1000};
    struct offload_taken all = {.csum_v4 = true, .csum_v6 = true}, none = {.csum_v4 = false};
    struct offload_inward in;
    uint8_t frame[OFFLOAD_HEAD];
    make_tcp4(frame, 0);
    CU_ASSERT(offload_inward(&v, &all, frame, sizeof(frame), &in));
    CU_ASSERT_EQUAL(in.flags, NETRXF_csum_blank | NETRXF_data_validated | NETRXF_extra_info);
    CU_ASSERT(in.gso_type == XEN_NETIF_GSO_TYPE_TCPV4 && in.gso_size == 1000);
    /* A guest that takes no blanks gets the sum, or nothing. */
    CU_ASSERT(!offload_inward(&v, &none, frame, sizeof(frame), &in));
    v.gso_type = VIRTIO_NET_HDR_GSO_NONE;
    CU_ASSERT(offload_inward(&v, &none, frame, sizeof(frame), &in) && in.flags == 0);
    uint32_t sum = 0;
    for (unsigned i = 34; i < sizeof(frame); i += 2)
        sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
    CU_ASSERT_EQUAL((sum & 0xffff) + (sum >> 16), 0xffff);
    v.csum_start = 65535;
    CU_ASSERT(!offload_inward(&v, &none, frame, sizeof(frame), &in));
    v = (struct virtio_net_hdr){.gso_type = VIRTIO_NET_HDR_GSO_UDP};
    CU_ASSERT(!offload_inward(&v, &all, frame, sizeof(frame), &in));
}

/* ---- rate ---- */

static void test_rate(void)
{
    struct rate_limit r;
    rate_limit_set(&r, 0, 0, 1000);
    rate_limit_take(&r, 65535);
    CU_ASSERT(!rate_limit_exhausted(&r) && !rate_limit_wait(&r, 1000));

    /* 1 MB/s for 10 s of packets as large as they get, whenever there is credit. */
    uint64_t now = 5000000, sent = 0, begin = now;
    rate_limit_set(&r, 50000, 50000, now);
    while (now < begin + 10000000) {
        uint64_t wait = rate_limit_wait(&r, now);
        now += wait;
        CU_ASSERT(!wait || !rate_limit_wait(&r, now)); /* waiting as long as it says is enough */
        rate_limit_take(&r, 65535);
        sent += 65535;
    }
    CU_ASSERT(sent >= 10000000 && sent <= 10000000 + 131072 + 2 * 65535);

    /* A long pause saves up no more than a burst. */
    CU_ASSERT(!rate_limit_wait(&r, now + 3600000000ull) && r.credit <= 131072);
    /* Slow rates lose nothing to rounding: 10 bytes a second, asked each millisecond. */
    rate_limit_set(&r, 10, 1000000, 0);
    rate_limit_take(&r, 131072 + 100);
    for (now = 0; rate_limit_wait(&r, now); now += 1000)
        CU_ASSERT(now < 12000000);
    CU_ASSERT(now >= 10000000);
}

/* ---- answers of a packet of several buffers ---- */

static void test_group_of_answers(void)
{
    static uint8_t page[4096] __attribute__((aligned(8)));
    struct shared_ring ring;
    uint32_t *header = (uint32_t *)page;
    uint64_t request[3], answers[3] = {11, 12, 13}, slot0;
    memset(page, 0, sizeof(page));
    header[1] = header[3] = 1;
    CU_ASSERT(shared_ring_attach(&ring, page, sizeof(page), 8) && !ring.damaged);
    header[0] = 5;
    CU_ASSERT(!shared_ring_sleep_until(&ring, 6) && header[1] == 6);
    CU_ASSERT(shared_ring_sleep_until(&ring, 5));
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(shared_ring_take(&ring, &request[i], 8), RING_TAKEN);
    shared_ring_answer_group(&ring, answers, 3, 8);
    memcpy(&slot0, page + 64, 8);
    CU_ASSERT(header[2] == 3 && slot0 == 11 && shared_ring_publish(&ring));
    /* Killed while it wrote the answers of the next two: rsp_prod is as it was, the note is there. */
    uint32_t note[3] = {0x67727570u, 3, 2};
    memcpy(page + 32, note, sizeof(note));
    CU_ASSERT(shared_ring_attach(&ring, page, sizeof(page), 8) && ring.damaged == 2 && ring.taken == 3);
    CU_ASSERT(shared_ring_attach(&ring, page, sizeof(page), 8) && ring.damaged == 0);
}

int main(void)
{
    CU_TestInfo cases[] = {{"a packet of one slot", test_one_slot},
                           {"a chain with segmentation", test_chain_with_segmentation},
                           {"lies", test_lies},
                           {"chains without end", test_endless_chains},
                           {"packets that cannot be sent", test_errors},
                           {"checksum and segmentation outwards", test_outward},
                           {"segments without a blank checksum", test_outward_without_blank},
                           {"headers that are refused", test_outward_refused},
                           {"IPv6", test_outward_ipv6},
                           {"checksum and segmentation inwards", test_inward},
                           {"the rate", test_rate},
                           {"answers of several buffers at once", test_group_of_answers},
                           CU_TEST_INFO_NULL};
    return unit_run("netif", cases);
}
