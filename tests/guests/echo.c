/* SPDX-License-Identifier: MIT
 *
 * Why: frames must pass between a guest and its bridge unharmed, in all sizes.
 * Trick: a guest with an address ("ip=A.B.C.D") that answers ARP and ping, and sends UDP datagrams to port 7 back.
 * Whoever pings it compares what returns. "one-port": one event channel for both rings; "large": takes frames of many
 * pages. Expect: it answers until the tools ask it to end; no slot is lost, and all pages are the guest's again then.
 */
#include "front/front.h"
#include "front/grants.h"
#include "front/net.h"
#include "guest.h"
#include "memory.h"

GUEST("echo");

enum { ETHERNET = 14, ARP = 28, IP = 20, UDP = 8, ICMP_ECHO = 8, PROTOCOL_ICMP = 1, PROTOCOL_UDP = 17, PORT_ECHO = 7 };

static struct net net;
static uint8_t address[4];
static uint8_t frame[NET_FRAME_MAX];
static unsigned answered, others, no_room;

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void swap(uint8_t *a, uint8_t *b, unsigned length)
{
    for (unsigned i = 0; i < length; i++) {
        uint8_t kept = a[i];

        a[i] = b[i];
        b[i] = kept;
    }
}

static unsigned checksum(const uint8_t *data, size_t length)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < length; i++)
        sum += (uint32_t)data[i] << (i & 1 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

/* Each turns the frame into its answer and says how long that is; 0: none. */
static size_t answer_arp(uint8_t *arp, size_t length)
{
    if (length < ARP || get16(arp + 6) != 1 || memcmp(arp + 24, address, 4))
        return 0;
    put16(arp + 6, 2);
    memcpy(arp + 18, arp + 8, 10); /* who asked is now who is told */
    memcpy(arp + 8, net.mac, 6);
    memcpy(arp + 14, address, 4);
    return ETHERNET + ARP;
}

static size_t answer_ip(uint8_t *ip, size_t length, const struct net_offload *offload)
{
    size_t whole = get16(ip + 2);
    uint8_t *payload = ip + IP;

    if (length < IP + UDP || ip[0] != 0x45 || whole > length || whole < IP + UDP || memcmp(ip + 16, address, 4))
        return 0;
    if (ip[9] == PROTOCOL_ICMP && payload[0] == ICMP_ECHO) {
        if (checksum(payload, whole - IP)) {
            report_note("a ping of %lu bytes came with a wrong checksum", whole);
            return 0;
        }
        payload[0] = 0;
        put16(payload + 2, 0);
        put16(payload + 2, checksum(payload, whole - IP));
    } else if (ip[9] == PROTOCOL_UDP && get16(payload + 2) == PORT_ECHO) {
        swap(payload, payload + 2, 2);
        if (offload->sum_blank)
            put16(payload + 6, 0); /* UDP may go without */
    } else {
        return 0;
    }
    swap(ip + 12, ip + 16, 4);
    return ETHERNET + whole;
}

static void answer(size_t length, const struct net_offload *offload)
{
    size_t reply = 0;

    if (length >= ETHERNET + ARP && get16(frame + 12) == 0x0806)
        reply = answer_arp(frame + ETHERNET, length - ETHERNET);
    else if (length >= ETHERNET + IP + UDP && get16(frame + 12) == 0x0800)
        reply = answer_ip(frame + ETHERNET, length - ETHERNET, offload);
    if (!reply) {
        others++;
        return;
    }
    memcpy(frame, frame + 6, 6);
    memcpy(frame + 6, net.mac, 6);
    if (net_send(&net, frame, reply, NULL))
        answered++;
    else
        no_room++;
}

/* Says that it is there, so that bridges and caches know. */
static void announce(void)
{
    memset(frame, 0, 60);
    memset(frame, 0xff, 6);
    memcpy(frame + 6, net.mac, 6);
    put16(frame + 12, 0x0806);
    memcpy(frame + ETHERNET, "\0\1\10\0\6\4\0\1", 8);
    memcpy(frame + ETHERNET + 8, net.mac, 6);
    memcpy(frame + ETHERNET + 14, address, 4);
    memcpy(frame + ETHERNET + 24, address, 4);
    check("announce", net_send(&net, frame, 60, NULL));
}

static void read_address(void)
{
    const char *at = strstr(guest_cmdline(), "ip=");

    for (at = at ? at + 3 : "", address[0] = 0; *at && *at != ' '; at++) {
        if (*at == '.')
            memcpy(address, address + 1, 3), address[3] = 0;
        else
            address[3] = (uint8_t)(address[3] * 10 + *at - '0');
    }
}

void guest_main(void)
{
    struct net_options options = {.one_port = strstr(guest_cmdline(), "one-port"),
                                  .large = strstr(guest_cmdline(), "large"),
                                  .no_sums = !strstr(guest_cmdline(), "sums")};
    struct net_offload offload;
    unsigned id, lent;
    size_t length;

    if (!front_open())
        report_skip("only other domains have front ends");
    lent = grants_in_use();
    if (!xenbus_list("vif", &id, 1))
        report_skip("this guest has no network interface");
    if (!check_eq("connect", net_open(&net, id, &options), 0))
        return;
    read_address();
    announce();
    report_note("split %u, sg %u, gso %u %u", net.split, net.sg, net.gso_v4, net.gso_v6);
    printf("READY\n");
    do {
        while ((length = net_receive(&net, frame, sizeof(frame), &offload)))
            answer(length, &offload);
    } while (net_wait(&net, 500) || !front_asked_to_end());
    report_note("%u answered, %u others, no room for %u", answered, others, no_room);
    check("frames were answered", answered > 0);
    check_eq("each frame was sent", net.sent_errors, 0);
    check_eq("no answer was wrong", net.wrong, 0);
    check("disconnect", net_close(&net));
    check_eq("all that was lent is back", grants_in_use(), lent);
}
