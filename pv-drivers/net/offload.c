/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksum and segmentation between netif and virtio_net_hdr. See offload.h. */
#include "net/offload.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#define IPV4_LEAST  20u
#define IPV6_HEADER 40u
#define TCP_LEAST   20u
#define UDP_HEADER  8u
#define TCP_SUM_AT  16u
#define UDP_SUM_AT  6u
#define EXTENSIONS  8 /* IPv6 headers that are walked at most */

/* Where the headers of a packet lie. */
struct layers {
    unsigned version; /* of IP; 0: it is none */
    uint32_t network, transport;
    uint8_t protocol;
};

static uint16_t read16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t network_offset(const uint8_t *head, uint32_t length, uint16_t *type)
{
    uint32_t at = ETH_HLEN;
    *type = 0;
    if (length < ETH_HLEN)
        return at;
    *type = read16(head + at - 2);
    for (int tags = 0; tags < 2 && (*type == ETH_P_8021Q || *type == ETH_P_8021AD) && at + 4 <= length; tags++) {
        at += 4;
        *type = read16(head + at - 2);
    }
    return at;
}

static const char *find_ipv4(const uint8_t *head, uint32_t length, struct layers *l)
{
    const uint8_t *ip = head + l->network;
    if (l->network + IPV4_LEAST > length)
        return "a packet that ends in its IPv4 header";
    uint32_t size = (ip[0] & 15u) * 4;
    if (ip[0] >> 4 != 4 || size < IPV4_LEAST || l->network + size > length)
        return "a packet with a wrong IPv4 header";
    if (read16(ip + 6) & 0x3fff)
        return "a fragment without checksum";
    l->version = 4;
    l->protocol = ip[9];
    l->transport = l->network + size;
    return NULL;
}

static const char *find_ipv6(const uint8_t *head, uint32_t length, struct layers *l)
{
    if (l->network + IPV6_HEADER > length || head[l->network] >> 4 != 6)
        return "a packet with a wrong IPv6 header";
    uint8_t next = head[l->network + 6];
    uint32_t at = l->network + IPV6_HEADER;
    for (int i = 0; i < EXTENSIONS; i++) {
        bool skip = next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS;
        if (!skip) {
            l->version = 6;
            l->protocol = next;
            l->transport = at;
            return NULL;
        }
        if (at + 8 > length)
            return "a packet that ends in an IPv6 header";
        next = head[at];
        at += (head[at + 1] + 1u) * 8;
    }
    return "a packet with too many IPv6 headers";
}

static const char *find_layers(const uint8_t *head, uint32_t length, struct layers *l)
{
    uint16_t type;
    l->network = network_offset(head, length, &type);
    if (type == ETH_P_IP)
        return find_ipv4(head, length, l);
    if (type == ETH_P_IPV6)
        return find_ipv6(head, length, l);
    return "a packet without checksum that is not IP";
}

static uint32_t sum_words(const uint8_t *at, uint32_t bytes, uint32_t sum)
{
    for (; bytes > 1; at += 2, bytes -= 2)
        sum += read16(at);
    if (bytes)
        sum += (uint32_t)at[0] << 8;
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* The sum of addresses, length and protocol that a blank checksum field holds; not complemented. */
static void write_pseudo_sum(uint8_t *head, const struct layers *l, uint32_t total)
{
    const uint8_t *ip = head + l->network;
    uint32_t bytes = total - l->transport;
    uint32_t sum = l->version == 4 ? sum_words(ip + 12, 8, 0) : sum_words(ip + 8, 32, 0);
    uint16_t folded = fold(sum + (bytes >> 16) + (bytes & 0xffff) + l->protocol);
    head[l->transport + TCP_SUM_AT] = (uint8_t)(folded >> 8);
    head[l->transport + TCP_SUM_AT + 1] = (uint8_t)folded;
}

static const char *fill_segments(const struct netif_packet *p, uint8_t *head, const struct layers *l,
                                 struct virtio_net_hdr *v)
{
    bool v4 = p->gso_type == XEN_NETIF_GSO_TYPE_TCPV4;
    if (l->protocol != IPPROTO_TCP || l->version != (v4 ? 4u : 6u))
        return "segmentation of a packet of another kind";
    if (p->gso_size < OFFLOAD_GSO_LEAST)
        return "segments that are too small";
    if (!(p->flags & NETTXF_csum_blank))
        write_pseudo_sum(head, l, p->total);
    if (p->total - v->hdr_len <= p->gso_size)
        return NULL; /* one segment: an ordinary packet */
    v->gso_type = v4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
    v->gso_size = p->gso_size;
    return NULL;
}

const char *offload_outward(const struct netif_packet *p, uint8_t *head, uint32_t length, struct virtio_net_hdr *v)
{
    struct layers l = {.version = 0};
    memset(v, 0, sizeof(*v));
    if (!(p->flags & NETTXF_csum_blank) && p->gso_type == XEN_NETIF_GSO_TYPE_NONE)
        return NULL;
    const char *wrong = find_layers(head, length, &l);
    if (wrong)
        return wrong;
    if (l.protocol != IPPROTO_TCP && l.protocol != IPPROTO_UDP)
        return "a packet without checksum that is neither TCP nor UDP";
    uint32_t least = l.protocol == IPPROTO_TCP ? TCP_LEAST : UDP_HEADER;
    if (l.transport + least > length)
        return "a packet that ends in its TCP or UDP header";
    uint32_t size = l.protocol == IPPROTO_TCP ? (uint32_t)(head[l.transport + 12] >> 4) * 4 : UDP_HEADER;
    if (size < least || l.transport + size > p->total)
        return "a packet with a wrong TCP header";
    v->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    v->csum_start = (uint16_t)l.transport;
    v->csum_offset = l.protocol == IPPROTO_TCP ? TCP_SUM_AT : UDP_SUM_AT;
    v->hdr_len = (uint16_t)(l.transport + size);
    return p->gso_type == XEN_NETIF_GSO_TYPE_NONE ? NULL : fill_segments(p, head, &l, v);
}

static bool fill_checksum(const struct virtio_net_hdr *v, uint8_t *frame, uint32_t length)
{
    uint32_t start = v->csum_start, at = start + v->csum_offset;
    if (at + 2 > length)
        return false;
    /* The field holds the pseudo header's sum already. 64 KiB of words cannot overflow 32 bits. */
    uint16_t sum = (uint16_t)~fold(sum_words(frame + start, length - start, 0));
    if (!sum && v->csum_offset == UDP_SUM_AT)
        sum = 0xffff;
    frame[at] = (uint8_t)(sum >> 8);
    frame[at + 1] = (uint8_t)sum;
    return true;
}

bool offload_inward(const struct virtio_net_hdr *v, const struct offload_taken *taken, uint8_t *frame, uint32_t length,
                    struct offload_inward *in)
{
    *in = (struct offload_inward){.gso_type = XEN_NETIF_GSO_TYPE_NONE};
    if (v->flags & VIRTIO_NET_HDR_F_DATA_VALID)
        in->flags |= NETRXF_data_validated;
    if (v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        uint16_t type;
        network_offset(frame, length, &type);
        if (type == ETH_P_IPV6 ? taken->csum_v6 : taken->csum_v4)
            in->flags |= NETRXF_csum_blank | NETRXF_data_validated;
        else if (v->gso_type != VIRTIO_NET_HDR_GSO_NONE || !fill_checksum(v, frame, length))
            return false;
    }
    switch (v->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_NONE:
        return true;
    case VIRTIO_NET_HDR_GSO_TCPV4:
        in->gso_type = XEN_NETIF_GSO_TYPE_TCPV4;
        break;
    case VIRTIO_NET_HDR_GSO_TCPV6:
        in->gso_type = XEN_NETIF_GSO_TYPE_TCPV6;
        break;
    default:
        return false;
    }
    in->gso_size = v->gso_size;
    in->flags |= NETRXF_extra_info;
    return true;
}
