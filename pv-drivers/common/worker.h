/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the manager (hvdriverd) and its workers say to each other. A worker is one process per guest and program
 * (hvblock, hvblock-nbd, hvnet): it moves the bytes of all the guest's devices that the program serves. The manager
 * talks to the store, opens what is behind a device, and hands over open files; the worker has no right to open
 * anything (rights.h).
 *
 * They share a SOCK_SEQPACKET socket, in the worker at WORKER_SOCKET. One datagram is one struct worker_message, with
 * files attached (SCM_RIGHTS). Each request is answered once, in any order across devices:
 *
 *     WORKER_CONNECT     map rings, bind event channels, begin   -> WORKER_CONNECTED  or WORKER_FAILED with the reason
 *     WORKER_CHANGE      new size, new rate                      -> WORKER_CHANGED    or WORKER_REFUSED (all as before)
 *     WORKER_DISCONNECT  finish what is begun, let go            -> WORKER_DISCONNECTED
 *
 * WORKER_FAILED may also come without a request: the front end did what it must not (text says what), the worker has
 * let go of the device. So may WORKER_LOST: what is behind the device went away (an NBD server); the worker has let go,
 * the front end knows nothing of it, and the manager connects the device anew. The end of the socket ends the worker;
 * the end of a worker is seen by the manager, which starts another and connects the devices anew. Nothing is lost by
 * that: requests are answered in their order, so those that the ring still holds from rsp_prod on are exactly those
 * whose end the guest was not told (shared_ring.h).
 */
#ifndef HAVEN_PV_DRIVERS_COMMON_WORKER_H
#define HAVEN_PV_DRIVERS_COMMON_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#define WORKER_SOCKET         3
#define WORKER_QUEUES_MAX     8
#define WORKER_RING_PAGES_MAX 16 /* order 4 */
#define WORKER_FILES_MAX      (WORKER_QUEUES_MAX + 2)
#define WORKER_TEXT_MAX       200

enum worker_kind {
    WORKER_CONNECT = 1,
    WORKER_CHANGE,
    WORKER_DISCONNECT,
    WORKER_CONNECTED,
    WORKER_CHANGED,
    WORKER_DISCONNECTED,
    WORKER_FAILED,
    WORKER_REFUSED,
    WORKER_LOST,
};

struct worker_ring {
    uint32_t pages; /* power of two; 0: there is none */
    uint32_t grants[WORKER_RING_PAGES_MAX];
};

/* A queue of the front end, by its event channels and rings: block uses the first of each; net has rings for transmit
 * [0] and receive [1] and, with one event channel for both, the same number twice. */
struct worker_queue {
    uint32_t event_channel[2];
    struct worker_ring ring[2];
};

/* Files with WORKER_CONNECT: [0] the counters (include/haven/device_counters.h), then the image, or the connected NBD
 * socket and perhaps the image that its server writes to and leaves to us to synchronise. */
struct worker_block {
    uint64_t sectors;     /* of 512 bytes, whatever sector_size is */
    uint32_t sector_size; /* 512 to 4096: no request touches part of one */
    bool nbd;             /* the file is the socket of an NBD server, to be negotiated with */
    bool block_device;    /* the file is one: discard and write-zeroes by ioctl where io_uring has none */
    bool read_only, direct /* opened with O_DIRECT */, discard;
    bool persistent; /* the front end keeps its grants (feature-persistent) */
    char nbd_export[64];
}; /* in WORKER_CONNECTED: sectors and discard as the worker found them */

/* Files with WORKER_CONNECT: [0] the counters, then one TAP queue for each queue. */
struct worker_net {
    uint8_t mac[6];
    bool sg, gso_v4, gso_v6; /* what the front end takes */
    bool csum_v4, csum_v6;   /* takes packets whose checksum is not filled in */
    uint64_t rate_bytes;     /* in each interval, from guest to us; 0: no limit */
    uint32_t rate_interval_us;
};

struct worker_message {
    uint32_t kind;   /* enum worker_kind */
    uint32_t device; /* the device's id in the guest (its handle) */
    uint32_t queues;
    struct worker_queue queue[WORKER_QUEUES_MAX];
    union {
        struct worker_block block;
        struct worker_net net;
    };
    char text[WORKER_TEXT_MAX]; /* with WORKER_FAILED and WORKER_REFUSED: the reason, one line */
};

/* Sends with count files attached: 0, or -1 with errno. */
int worker_send(int socket, const struct worker_message *message, const int *files, unsigned count);
/* 1: one message, with *count files (received close-on-exec) of at most WORKER_FILES_MAX; 0: the other end is gone; -1
 * with errno (EAGAIN: none now; EBADMSG: not a message). */
int worker_receive(int socket, struct worker_message *message, int *files, unsigned *count);

#endif
