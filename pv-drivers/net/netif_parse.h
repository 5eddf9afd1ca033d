/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets in a front end's transmit ring (<xen/io/netif.h>). A packet is a chain of slots: the first piece of data
 * (its size is that of the whole packet), then any extra infos, then the other pieces. Slots are fed in one by one,
 * each a copy that the guest can change no more, and come out as one description that has been checked as a whole:
 *
 *     netif_packet_begin(&p);
 *     do take the next slot from the ring; while (netif_packet_feed(&p, &slot) == NETIF_MORE);
 *
 * A front end that breaks the protocol so that the ring makes no sense any more is a liar: its connection ends. A
 * packet that is understood but cannot be sent has an error, and is answered so. Which of both is as in Linux's
 * netback.
 *
 * Pure.
 */
#ifndef HAVEN_PV_DRIVERS_NET_NETIF_PARSE_H
#define HAVEN_PV_DRIVERS_NET_NETIF_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>

#include <xen/io/netif.h>

#define NETIF_PAGE        4096u
#define NETIF_PIECES_MAX  18u /* that every back end takes; a 64 KiB packet needs no more */
#define NETIF_PIECES_MOST 20u /* beyond: a lie. Between: some old front ends did that, answered with an error */
#define NETIF_EXTRAS_MAX  (XEN_NETIF_EXTRA_TYPE_MAX - 1u)
#define NETIF_SLOTS_MAX   (NETIF_PIECES_MOST + NETIF_EXTRAS_MAX)
#define NETIF_FRAME_MIN   14u /* an Ethernet header */

union netif_tx_slot {
    struct netif_tx_request request;
    struct netif_extra_info extra;
};

struct netif_piece {
    uint32_t grant;
    uint16_t offset, size; /* within one page */
};

struct netif_packet {
    uint32_t total; /* bytes of all pieces */
    uint16_t flags; /* NETTXF_* of the first slot */
    uint16_t gso_size;
    uint8_t gso_type; /* XEN_NETIF_GSO_TYPE_* */
    bool in_extras, failed;
    uint8_t slots, pieces;
    uint32_t extras;    /* bit n: slot n is an extra info */
    const char *reason; /* why it failed, or what the lie is */
    uint32_t rest;      /* bytes of the pieces after the first */
    uint16_t id[NETIF_SLOTS_MAX];
    struct netif_piece piece[NETIF_PIECES_MOST];
};

enum netif_fed { NETIF_MORE, NETIF_COMPLETE, NETIF_LIE };

void netif_packet_begin(struct netif_packet *p);
enum netif_fed netif_packet_feed(struct netif_packet *p, const union netif_tx_slot *slot);

/* The answer for slot n of a packet that was sent (NETIF_RSP_OKAY) or not (NETIF_RSP_ERROR). */
struct netif_tx_response netif_packet_answer(const struct netif_packet *p, unsigned n, int status);

#endif
