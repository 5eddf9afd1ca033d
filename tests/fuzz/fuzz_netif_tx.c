/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A front end's transmit ring with any slots in it, and packets with any headers: what comes out keeps within its
 * pages and bounds, each slot gets one answer, and the TAP is told of no offset outside the packet.
 *
 * build: -iquote pv-drivers pv-drivers/net/netif_parse.c pv-drivers/net/offload.c
 */
#include "net/netif_parse.h"
#include "net/offload.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

static void check_packet(const struct netif_packet *p)
{
    uint32_t total = 0;
    check(p->slots <= NETIF_SLOTS_MAX && p->pieces <= p->slots);
    for (unsigned i = 0; i < p->slots; i++)
        netif_packet_answer(p, i, NETIF_RSP_OKAY);
    check((unsigned)__builtin_popcount(p->extras) + p->pieces == p->slots);
    if (p->failed)
        return;
    check(p->pieces <= NETIF_PIECES_MAX && p->total >= NETIF_FRAME_MIN && p->total <= 65535);
    for (unsigned i = 0; i < p->pieces; i++) {
        check(p->piece[i].offset + p->piece[i].size <= NETIF_PAGE);
        total += p->piece[i].size;
    }
    check(total == p->total);
}

static void check_offload(const struct netif_packet *p, const uint8_t *data, size_t size)
{
    struct virtio_net_hdr v;
    struct offload_taken taken = {.csum_v4 = size & 1, .csum_v6 = size & 2};
    struct offload_inward in;
    uint32_t length = p->total < OFFLOAD_HEAD ? p->total : OFFLOAD_HEAD;
    uint8_t *head = calloc(1, length); /* of just this size: reading beyond is found */
    memcpy(head, data, size < length ? size : length);
    if (!offload_outward(p, head, length, &v) && v.flags) {
        check(v.csum_start + v.csum_offset + 2u <= p->total && v.hdr_len <= p->total && v.hdr_len > v.csum_start);
        check(v.csum_start + v.csum_offset + 2u <= length);
        check(!v.gso_type || (v.gso_size >= OFFLOAD_GSO_LEAST && v.gso_size < p->total));
        offload_inward(&v, &taken, head, length, &in);
    }
    if (size >= sizeof(v)) {
        memcpy(&v, data, sizeof(v));
        offload_inward(&v, &taken, head, length, &in);
    }
    free(head);
}

/* The input: how many slots, the slots, and the bytes of the packets. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct netif_packet p;
    size_t slots = size ? data[0] : 0, at = 1;
    const uint8_t *bytes = data + (1 + slots * 12 < size ? 1 + slots * 12 : size);
    netif_packet_begin(&p);
    for (; slots && at + 12 <= size; slots--, at += 12) {
        union netif_tx_slot slot;
        memcpy(&slot, data + at, sizeof(slot));
        enum netif_fed fed = netif_packet_feed(&p, &slot);
        if (fed == NETIF_LIE) {
            check(p.reason != NULL && p.slots <= NETIF_SLOTS_MAX);
            return 0;
        }
        if (fed == NETIF_MORE)
            continue;
        check_packet(&p);
        if (!p.failed)
            check_offload(&p, bytes, (size_t)(data + size - bytes));
        netif_packet_begin(&p);
    }
    return 0;
}
