/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the guest to the TAP. A batch is: packets taken out of the ring and checked (netif_parse.h); one call that
 * copies all their pieces, each into a page of its own; then for each packet one write to the TAP, of the header for
 * the TAP, the first bytes (which offload.h looked at and may have changed) and the rest, and its answer.
 *
 * The TAP takes everything at once (what the bridge cannot pass on is dropped there), so nothing waits here; but a
 * device whose rate is used up leaves its requests in the ring until the timer.
 */
#include "net/queue.h"

#include <string.h>
#include <unistd.h>

/* One packet out of the ring. 1: there is one; 0: none; -1: the front end lied. */
static int take_packet(struct net_queue *q, struct netif_packet *p)
{
    union netif_tx_slot slot;
    netif_packet_begin(p);
    for (;;) {
        switch (shared_ring_take(&q->tx, &slot, sizeof(slot))) {
        case RING_BROKEN:
            return queue_lied(q, "more transmit requests than the ring has slots"), -1;
        case RING_EMPTY:
            return p->slots ? (queue_lied(q, "a packet that ends nowhere"), -1) : 0;
        case RING_TAKEN:
            break;
        }
        switch (netif_packet_feed(p, &slot)) {
        case NETIF_LIE:
            return queue_lied(q, p->reason), -1;
        case NETIF_COMPLETE:
            return 1;
        case NETIF_MORE:
            break;
        }
    }
}

static void copy_pieces(struct transmit_packet *t, struct net_batch *batch, uint32_t *page)
{
    const struct netif_packet *p = &t->packet;
    t->page = *page;
    t->bad = false;
    if (p->failed)
        return;
    for (unsigned i = 0; i < p->pieces; i++, ++*page)
        if (p->piece[i].size)
            grant_copy_from_guest(&batch->copies, p->piece[i].grant, p->piece[i].offset,
                                  batch->pages + (size_t)*page * NETIF_PAGE, p->piece[i].size, &t->bad);
}

/* The first bytes go behind the header for the TAP, so that they lie in one piece whatever the guest's pieces are. */
static int gather(struct transmit_packet *t, const struct net_batch *batch, struct iovec *iov, uint32_t *head)
{
    const struct netif_packet *p = &t->packet;
    int n = 1;
    *head = 0;
    for (unsigned i = 0; i < p->pieces; i++) {
        uint8_t *bytes = batch->pages + (size_t)(t->page + i) * NETIF_PAGE;
        uint32_t size = p->piece[i].size, room = OFFLOAD_HEAD - *head, first = size < room ? size : room;
        memcpy(t->header + sizeof(struct virtio_net_hdr) + *head, bytes, first);
        *head += first;
        if (first < size)
            iov[n++] = (struct iovec){.iov_base = bytes + first, .iov_len = size - first};
    }
    iov[0] = (struct iovec){.iov_base = t->header, .iov_len = sizeof(struct virtio_net_hdr) + *head};
    return n;
}

/* Returns the status of the packet's answer. */
static int send_packet(const struct net_queue *q, struct transmit_packet *t, const struct net_batch *batch)
{
    struct iovec iov[1 + NETIF_PIECES_MAX];
    struct virtio_net_hdr v;
    uint32_t head;
    if (t->packet.failed || t->bad)
        return NETIF_RSP_ERROR;
    int n = gather(t, batch, iov, &head);
    if (offload_outward(&t->packet, t->header + sizeof(v), head, &v))
        return NETIF_RSP_ERROR;
    memcpy(t->header, &v, sizeof(v));
    ssize_t sent = n == 1 ? write(q->tap.fd, iov[0].iov_base, iov[0].iov_len) : writev(q->tap.fd, iov, n);
    return sent < 0 ? NETIF_RSP_ERROR : NETIF_RSP_OKAY;
}

static void answer_packet(struct net_queue *q, const struct transmit_packet *t, int status)
{
    struct device_counters *counters = q->device->counters;
    for (unsigned i = 0; i < t->packet.slots; i++) {
        struct netif_tx_response response = netif_packet_answer(&t->packet, i, status);
        shared_ring_answer(&q->tx, &response, sizeof(response));
    }
    if (status == NETIF_RSP_OKAY) {
        counters->written_requests++;
        counters->written_bytes += t->packet.total;
    } else {
        counters->errors++;
    }
}

/* -1: the front end lied; else how many packets were taken. */
static int take_batch(struct net_queue *q, struct net_batch *batch)
{
    struct rate_limit *rate = &q->device->rate;
    uint32_t page = 0;
    int count = 0;
    while (count < (int)BATCH_PACKETS && page + NETIF_PIECES_MOST <= BATCH_PAGES && !rate_limit_exhausted(rate)) {
        struct transmit_packet *t = &batch->transmit[count];
        int taken = take_packet(q, &t->packet);
        if (taken < 0)
            return -1;
        if (!taken)
            break;
        rate_limit_take(rate, t->packet.total);
        copy_pieces(t, batch, &page);
        count++;
    }
    return count;
}

static bool wait_for_credit(struct net_device *d)
{
    int64_t now = event_loop_now_ns();
    uint64_t us = rate_limit_wait(&d->rate, (uint64_t)now / 1000);
    if (!us)
        return false;
    if (!d->rate_timer.set)
        event_timer_set(&d->worker->loop, &d->rate_timer, now + (int64_t)us * 1000);
    return true;
}

bool transmit_run(struct net_queue *q, struct net_batch *batch)
{
    if (rate_limit_exhausted(&q->device->rate) && wait_for_credit(q->device))
        return false;
    int count = take_batch(q, batch);
    if (count < 0) {
        batch->copies.count = 0;
        return false;
    }
    grant_copies_make(&batch->copies);
    for (int i = 0; i < count; i++)
        answer_packet(q, &batch->transmit[i], send_packet(q, &batch->transmit[i], batch));
    if (shared_ring_publish(&q->tx))
        queue_notify(q, 0);
    return shared_ring_sleep(&q->tx);
}
