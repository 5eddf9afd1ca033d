/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device of the network back end (hvnet.c) and its queues. A queue is a pair of rings shared with the front end and
 * one queue of the device's TAP: transmit.c moves packets from the guest to the TAP, receive.c from the TAP to the
 * guest. Both work in batches: all that is there is copied with one call, and the guest is notified once.
 *
 * Whatever wakes a queue only marks what is to do (wake); the work is done once, before the loop sleeps. Nothing is
 * kept that another worker would need: a packet is answered when it was handed on, and the ring holds what was not.
 */
#ifndef HAVEN_PV_DRIVERS_NET_QUEUE_H
#define HAVEN_PV_DRIVERS_NET_QUEUE_H

#include "common/grant_pages.h"
#include "common/shared_ring.h"
#include "common/worker_main.h"
#include "net/netif_parse.h"
#include "net/offload.h"
#include "net/rate_limit.h"

#include <sys/uio.h>

#define FRAME_MAX       (65536u + 64u) /* that a TAP gives: an IP packet of 64 KiB, Ethernet header and VLAN tags */
#define FRAME_PAGES     ((FRAME_MAX + NETIF_PAGE - 1) / NETIF_PAGE)
#define FRAME_SLOTS_MAX (FRAME_PAGES + 1) /* and the extra info */
#define BATCH_PAGES     256u              /* one each way: as many as a ring has slots */
#define BATCH_PACKETS   256u

enum queue_work { WAKE_TRANSMIT = 1, WAKE_RECEIVE = 2 };

/* A frame from the TAP that waits for receive buffers of the guest. */
struct held_frame {
    struct offload_inward in;
    uint32_t length; /* 0: none */
    uint8_t *bytes;  /* FRAME_PAGES pages, made when first needed */
};

struct net_device;

struct net_queue {
    struct net_device *device;
    unsigned wake; /* enum queue_work */
    struct shared_ring tx, rx;
    void *tx_pages, *rx_pages;
    uint32_t tx_page_count, rx_page_count;
    struct worker_channel channel[2]; /* of tx and rx; without split channels only the first */
    struct event_source tap;
    bool tap_watched; /* not while the guest gives no buffers */
    bool tap_streams; /* the last round found more than one frame: worth trying for more */
    uint8_t tap_singles;
    struct held_frame held;
};

struct net_device {
    struct net_device *next;
    struct worker *worker;
    unsigned id;
    bool sg;
    struct offload_taken taken;
    struct rate_limit rate;
    struct event_timer rate_timer;
    struct device_counters *counters;
    unsigned queue_count;
    struct net_queue queue[WORKER_QUEUES_MAX];
    char text[WORKER_TEXT_MAX]; /* why it broke */
};

/* Room for one batch, shared by all queues of the process: it is empty between two calls. */
struct transmit_packet {
    struct netif_packet packet;
    uint32_t page; /* of its first piece */
    bool bad;      /* a piece could not be copied */
    uint8_t header[sizeof(struct virtio_net_hdr) + OFFLOAD_HEAD];
};

struct receive_frame {
    struct offload_inward in;
    uint8_t *bytes;
    uint32_t length, slots;
    bool bad;
};

struct net_batch {
    struct grant_copies copies;
    uint8_t *pages; /* BATCH_PAGES + FRAME_PAGES + 1; the first is for the header before the first frame */
    struct transmit_packet transmit[BATCH_PACKETS];
    struct receive_frame receive[BATCH_PACKETS];
    uint16_t ids[BATCH_PAGES];
};

/* Both return true if there is more to do at once, and false with queue->device->text set if the front end lied. */
bool transmit_run(struct net_queue *q, struct net_batch *batch);
bool receive_run(struct net_queue *q, struct net_batch *batch);

/* The queue's notification of the guest for its tx ring (0) or rx ring (1). */
void queue_notify(struct net_queue *q, unsigned ring);
/* The front end lied: false, for "return queue_lied(...)". */
bool queue_lied(struct net_queue *q, const char *reason);

#endif
