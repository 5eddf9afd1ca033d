/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of a transmit ring. See netif_parse.h. */
#include "net/netif_parse.h"

#include <stddef.h>

_Static_assert(sizeof(union netif_tx_slot) == 12, "netif ABI: a request is 12 bytes");
_Static_assert(sizeof(struct netif_extra_info) == 8, "netif ABI: an extra info fits a response");
_Static_assert(NETIF_SLOTS_MAX <= 32, "a bit for each slot");

void netif_packet_begin(struct netif_packet *p)
{
    p->total = p->rest = p->extras = 0;
    p->flags = p->gso_size = 0;
    p->gso_type = XEN_NETIF_GSO_TYPE_NONE;
    p->in_extras = p->failed = false;
    p->slots = p->pieces = 0;
    p->reason = NULL;
}

static enum netif_fed lie(struct netif_packet *p, const char *reason)
{
    p->failed = true;
    p->reason = reason;
    return NETIF_LIE;
}

static void fail(struct netif_packet *p, const char *reason)
{
    if (!p->failed)
        p->reason = reason;
    p->failed = true;
}

static enum netif_fed complete(struct netif_packet *p)
{
    if (p->total < NETIF_FRAME_MIN)
        fail(p, "a packet shorter than its Ethernet header");
    if (p->pieces > NETIF_PIECES_MAX)
        fail(p, "a packet of too many slots");
    if (p->rest > p->total) {
        fail(p, "a packet whose slots hold more than its size");
        return NETIF_COMPLETE;
    }
    p->piece[0].size = (uint16_t)(p->total - p->rest);
    if (p->piece[0].offset + (p->total - p->rest) > NETIF_PAGE)
        return lie(p, "a transmit slot reaches beyond its page");
    return NETIF_COMPLETE;
}

static enum netif_fed feed_extra(struct netif_packet *p, const struct netif_extra_info *e, bool more_data)
{
    p->extras |= 1u << p->slots;
    p->id[p->slots++] = 0;
    if (e->type == XEN_NETIF_EXTRA_TYPE_NONE || e->type >= XEN_NETIF_EXTRA_TYPE_MAX)
        return lie(p, "an extra info of no known type");
    if (e->type == XEN_NETIF_EXTRA_TYPE_GSO) {
        if (e->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 && e->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV6)
            return lie(p, "segmentation of no known type");
        if (!e->u.gso.size)
            return lie(p, "segments of size 0");
        p->gso_type = e->u.gso.type;
        p->gso_size = e->u.gso.size;
    } else if (e->type != XEN_NETIF_EXTRA_TYPE_HASH) {
        fail(p, "a change of multicast groups, which was not offered");
    }
    p->in_extras = e->flags & XEN_NETIF_EXTRA_FLAG_MORE;
    if (p->in_extras)
        return __builtin_popcount(p->extras) >= (int)NETIF_EXTRAS_MAX ? lie(p, "too many extra infos") : NETIF_MORE;
    return more_data ? NETIF_MORE : complete(p);
}

static enum netif_fed feed_first(struct netif_packet *p, const struct netif_tx_request *r)
{
    p->flags = r->flags;
    p->total = r->size;
    p->piece[0] = (struct netif_piece){.grant = r->gref, .offset = r->offset};
    p->pieces = 1;
    p->id[p->slots++] = r->id;
    if (r->offset >= NETIF_PAGE)
        return lie(p, "a transmit slot begins beyond its page");
    p->in_extras = r->flags & NETTXF_extra_info;
    return r->flags & (NETTXF_extra_info | NETTXF_more_data) ? NETIF_MORE : complete(p);
}

enum netif_fed netif_packet_feed(struct netif_packet *p, const union netif_tx_slot *slot)
{
    const struct netif_tx_request *r = &slot->request;
    if (!p->slots)
        return feed_first(p, r);
    if (p->in_extras)
        return feed_extra(p, &slot->extra, p->flags & NETTXF_more_data);
    if (p->pieces >= NETIF_PIECES_MOST)
        return lie(p, "a packet of far too many slots");
    if ((uint32_t)r->offset + r->size > NETIF_PAGE)
        return lie(p, "a transmit slot reaches beyond its page");
    if (r->flags & NETTXF_extra_info)
        return lie(p, "an extra info behind a packet's first slot");
    p->piece[p->pieces++] = (struct netif_piece){.grant = r->gref, .offset = r->offset, .size = r->size};
    p->rest += r->size;
    p->id[p->slots++] = r->id;
    return r->flags & NETTXF_more_data ? NETIF_MORE : complete(p);
}

struct netif_tx_response netif_packet_answer(const struct netif_packet *p, unsigned n, int status)
{
    bool extra = p->extras >> n & 1;
    return (struct netif_tx_response){.id = p->id[n], .status = (int16_t)(extra ? NETIF_RSP_NULL : status)};
}
