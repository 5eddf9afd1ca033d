/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksum and segmentation, said twice: netif tells only "the checksum is blank" and "TCP segments of so many bytes";
 * virtio_net_hdr, which the TAP speaks, also tells where the checksum is and how long the headers are. So outwards the
 * headers of a packet are looked at. They are bytes of a guest, copied out before; head is what there is of them
 * contiguously (OFFLOAD_HEAD bytes, or the whole packet if it is shorter).
 *
 * Pure.
 */
#ifndef HAVEN_PV_DRIVERS_NET_OFFLOAD_H
#define HAVEN_PV_DRIVERS_NET_OFFLOAD_H

#include "net/netif_parse.h"

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

/* Ethernet, two VLAN tags, IP with options or some extension headers, TCP with options. */
#define OFFLOAD_HEAD      192u
#define OFFLOAD_GSO_LEAST 8u /* what TCP's smallest MSS, 48, leaves when all options are used */

/* From guest to TAP. Fills *v; may write the pseudo header's sum into head, where a front end sends segments without
 * "blank". NULL, or why the packet cannot be sent. */
const char *offload_outward(const struct netif_packet *p, uint8_t *head, uint32_t length, struct virtio_net_hdr *v);

/* What a front end takes. */
struct offload_taken {
    bool csum_v4, csum_v6; /* packets with a blank checksum */
};

struct offload_inward {
    uint16_t flags;   /* NETRXF_csum_blank, NETRXF_data_validated, NETRXF_extra_info (segmentation) */
    uint8_t gso_type; /* XEN_NETIF_GSO_TYPE_* */
    uint16_t gso_size;
};

/* From TAP to guest; fills in the checksum of a frame whose blank the guest does not take. false: this frame cannot be
 * given to it. */
bool offload_inward(const struct virtio_net_hdr *v, const struct offload_taken *taken, uint8_t *frame, uint32_t length,
                    struct offload_inward *in);

#endif
