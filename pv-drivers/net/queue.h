/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device of the network back end (hvnet.c) and its queues. A queue is a pair of rings shared with the front end and
 * one queue of the device's TAP: transmit.c moves packets from the guest to the TAP, receive.c from the TAP to the
 * guest. Both work in batches: all that is there is copied with one call, the TAP is written and read through one
 * io_uring (common/worker_uring.h), and the guest is notified once, at the end of the turn, of both directions.
 *
 * Whatever wakes a queue only marks what is to do (wake); the work is done once, before the loop sleeps. Nothing is
 * kept that another worker would need: a packet is answered when it was handed on, and the ring holds what was not.
 */
#ifndef HAVEN_PV_DRIVERS_NET_QUEUE_H
#define HAVEN_PV_DRIVERS_NET_QUEUE_H

#include "common/grant_pages.h"
#include "common/shared_ring.h"
#include "common/worker_main.h"
#include "common/worker_uring.h"
#include "net/netif_parse.h"
#include "net/offload.h"
#include "net/rate_limit.h"

#include <sys/uio.h>

#define FRAME_MAX       (65536u + 64u) /* that a TAP gives: an IP packet of 64 KiB, Ethernet header and VLAN tags */
#define FRAME_PAGES     ((FRAME_MAX + NETIF_PAGE - 1) / NETIF_PAGE)
#define FRAME_SLOTS_MAX (FRAME_PAGES + 1) /* and the extra info */
#define BATCH_PAGES     256u              /* one each way: as many as a ring has slots */
#define BATCH_PACKETS   256u
#define READS           8u                           /* frames that are asked for at a time, at most */
#define FRAMES_PAGES    (READS * (1u + FRAME_PAGES)) /* a queue's */
#define OWN_BATCH_PAGES 128u /* of a batch where they are granted: enough not to notice the end of one */

enum queue_work { WAKE_TRANSMIT = 1, WAKE_RECEIVE = 2 };

/* A frame from the TAP: being read, or waiting for receive buffers of the guest. */
struct receive_frame {
    struct uring_operation read;
    struct net_queue *queue;
    struct offload_inward in;
    uint8_t *bytes; /* in the queue's memory, FRAME_PAGES pages; the TAP's header lies right before */
    uint32_t length;
    uint32_t slots; /* 0: not for this guest */
    bool bad;       /* the guest's buffers could not be written */
};

struct net_device;

struct net_queue {
    struct net_device *device;
    unsigned wake; /* enum queue_work */
    struct shared_ring tx, rx;
    void *tx_pages, *rx_pages;
    uint32_t tx_page_count, rx_page_count;
    struct worker_channel channel[2]; /* of tx and rx; without split channels only the first */
    bool notify[2];                   /* in this turn's end, for tx and rx */
    int tap;
    uint8_t *frames_memory;
    bool frames_own; /* lies in the batch's own pages */
    struct receive_frame frame[READS];
    uint32_t free;        /* a bit for each of frame[] */
    unsigned asked;       /* reads that are under way */
    unsigned want;        /* how many there should be: more while frames come in groups */
    unsigned singles;     /* frames that came alone */
    unsigned came;        /* frames that came since the last turn */
    uint8_t ready[READS]; /* those that came and are not given to the guest, in order, from first_ready on */
    unsigned first_ready, ready_count;
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
    struct uring_operation write;
    struct net_batch *batch;
    struct netif_packet packet;
    uint32_t page; /* of its first piece */
    uint32_t room; /* before the first piece, for the TAP's header; 0: header is used */
    bool bad;      /* a piece could not be copied */
    int status;    /* of its answer */
    struct iovec iov[1 + NETIF_PIECES_MAX];
    uint8_t header[sizeof(struct virtio_net_hdr) + OFFLOAD_HEAD];
};

struct net_batch {
    struct worker_uring *uring;
    struct grant_copies copies;
    uint8_t *pages; /* for packets of guests: page_count, at least a packet's */
    uint32_t page_count;
    bool own_lent;                   /* the granted pages behind those: a queue has them for its frames */
    struct transmit_packet *writing; /* the last one on its way to the TAP */
    struct transmit_packet transmit[BATCH_PACKETS];
    uint16_t ids[BATCH_PAGES];
};

/* Both return true if there is more to do at once, and false with queue->device->text set if the front end lied. */
bool transmit_run(struct net_queue *q, struct net_batch *batch);
bool receive_run(struct net_queue *q, struct net_batch *batch);

/* Memory for frames. false: there is none. */
bool receive_open(struct net_queue *q, struct net_batch *batch);
/* Ends all reads: the TAP may be closed. */
void receive_close(struct net_queue *q, struct net_batch *batch);

/* The front end lied: false, for "return queue_lied(...)". */
bool queue_lied(struct net_queue *q, const char *reason);

#endif
