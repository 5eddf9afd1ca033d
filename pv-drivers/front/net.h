/* SPDX-License-Identifier: MIT
 *
 * A network interface: frames out, frames in.
 *
 * Two rings. To send, a request on the transmit ring names a page with (a part of) the frame; the answer says that the
 * page may be used again. To receive, requests on the receive ring offer empty pages; an answer says that one of them
 * was filled. A frame larger than a page takes several slots, chained by a "more data" flag: on transmit, the first
 * slot's size is that of the whole frame; on receive, each slot tells its own part. Between the first and the second
 * slot of a chain there may be one of extra information, here the segment size of a large TCP packet (GSO) that
 * somebody behind shall cut into packets.
 *
 * All pages are the driver's own and stay lent as long as the device is open; frames are copied from and to them.
 *
 *     one event channel for both rings, or one for each ("split"), as the options say and the back end offers
 */
#ifndef FRONT_NET_H
#define FRONT_NET_H

#include "front/xenbus.h"

#define NET_SLOTS     256u /* of each ring: a page holds as many */
#define NET_FRAME_MAX 65536u

struct net {
    struct xenbus_device xenbus;
    struct xenbus_ring send, receive;
    uint32_t port[2];               /* of send and of receive: the same if not split */
    bool split, sg, gso_v4, gso_v6; /* sg and gso: what the back end takes */
    uint8_t mac[6];
    struct {
        void *page;
        uint32_t grant;
        bool busy;
    } out[NET_SLOTS], in[NET_SLOTS];
    unsigned sent_errors; /* frames that the back end said it did not send */
    unsigned wrong;       /* answers that cannot be */
};

struct net_options {
    bool one_port; /* never split */
    bool large;    /* takes frames of several pages and large TCP packets */
    bool no_sums;  /* wants all checksums filled in */
};

/* What comes with a frame besides its bytes. */
struct net_offload {
    bool sum_blank;    /* the TCP or UDP checksum is only that of the pseudo header */
    uint16_t gso_size; /* 0: an ordinary frame */
    bool gso_v6;
};

long net_open(struct net *net, unsigned id, const struct net_options *options);
bool net_close(struct net *net); /* false: the back end has kept something */

/* Puts a frame on the ring, shown at once. false: no room now (net_wait, and try again). offload may be NULL. */
bool net_send(struct net *net, const void *frame, size_t length, const struct net_offload *offload);
/* The same for many frames: net_queue each, and net_push once in a while. */
bool net_queue(struct net *net, const void *frame, size_t length, const struct net_offload *offload);
void net_push(struct net *net);
void net_reap(struct net *net); /* takes the answers to what was sent; net_queue does it, too */
/* Copies the next frame out: its length, or 0 if there is none. Frames larger than size are cut. offload may be NULL.
 */
size_t net_receive(struct net *net, void *frame, size_t size, struct net_offload *offload);
/* Until there may be something to receive (or room to send). false: nothing in time. */
bool net_wait(struct net *net, unsigned milliseconds);

#endif
