/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the guest to the TAP. A batch is: packets taken out of the ring and checked (netif_parse.h); one call that
 * copies all their pieces, each into a page of its own; then for each packet one write to the TAP, of the header for
 * the TAP, the first bytes (which offload.h looked at and may have changed) and the rest; all writes are one system
 * call, so that a receiver in dom0 which they wake finds the whole batch; then the answers.
 *
 * The TAP takes everything at once (what the bridge cannot pass on is dropped there), so nothing waits here; but a
 * device whose rate is used up leaves its requests in the ring until the timer.
 */
#include "net/queue.h"

#include <stddef.h>
#include <string.h>

#define HEADER      sizeof(struct virtio_net_hdr)
#define HEADER_ROOM 16u /* and so much that what follows is aligned */

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

/* Most packets have all their headers in their first piece, which then lies behind room for the TAP's header, both to
 * be written as they are. */
static bool headers_in_first(const struct netif_packet *p)
{
    uint32_t size = p->piece[0].size;
    return size + HEADER_ROOM <= NETIF_PAGE && (size >= OFFLOAD_HEAD || p->pieces == 1);
}

static void copy_pieces(struct transmit_packet *t, struct net_batch *batch, uint32_t *page)
{
    const struct netif_packet *p = &t->packet;
    t->page = *page;
    t->bad = false;
    if (p->failed)
        return;
    t->room = headers_in_first(p) ? HEADER_ROOM : 0;
    for (unsigned i = 0; i < p->pieces; i++, ++*page)
        if (p->piece[i].size)
            grant_copy_from_guest(&batch->copies, p->piece[i].grant, p->piece[i].offset,
                                  batch->pages + (size_t)*page * NETIF_PAGE + (i ? 0 : t->room), p->piece[i].size,
                                  &t->bad);
}

/* Other packets have their first bytes copied behind the header for the TAP, so that they lie in one piece. */
static unsigned gather(struct transmit_packet *t, const struct net_batch *batch, uint32_t *head)
{
    const struct netif_packet *p = &t->packet;
    unsigned n = 1;
    *head = 0;
    for (unsigned i = 0; i < p->pieces; i++) {
        uint8_t *bytes = batch->pages + (size_t)(t->page + i) * NETIF_PAGE;
        uint32_t size = p->piece[i].size, room = OFFLOAD_HEAD - *head, first = size < room ? size : room;
        memcpy(t->header + HEADER + *head, bytes, first);
        *head += first;
        if (first < size)
            t->iov[n++] = (struct iovec){.iov_base = bytes + first, .iov_len = size - first};
    }
    t->iov[0] = (struct iovec){.iov_base = t->header, .iov_len = HEADER + *head};
    return n;
}

/* What is to be written, in t->iov; returns how many parts. The TAP's header and head bytes of the packet's are first.
 */
static unsigned lay_out(struct transmit_packet *t, const struct net_batch *batch, uint32_t *head)
{
    const struct netif_packet *p = &t->packet;
    uint8_t *page = batch->pages + (size_t)t->page * NETIF_PAGE;
    unsigned n = 1;
    if (!t->room)
        return gather(t, batch, head);
    *head = p->piece[0].size;
    t->iov[0] = (struct iovec){.iov_base = page + HEADER_ROOM - HEADER, .iov_len = HEADER + *head};
    for (unsigned i = 1; i < p->pieces; i++)
        if (p->piece[i].size)
            t->iov[n++] = (struct iovec){.iov_base = page + (size_t)i * NETIF_PAGE, .iov_len = p->piece[i].size};
    return n;
}

/* Of a packet that could not be written, or of a batch's last. */
static void written(struct uring_operation *operation, int result)
{
    struct transmit_packet *t = (struct transmit_packet *)((char *)operation - offsetof(struct transmit_packet, write));
    if (result < 0)
        t->status = NETIF_RSP_ERROR;
    if (t->batch->writing == t)
        t->batch->writing = NULL;
}

/* Begins to write a packet to the TAP. NULL: it cannot be. */
static struct io_uring_sqe *send_packet(const struct net_queue *q, struct transmit_packet *t, struct net_batch *batch)
{
    struct virtio_net_hdr v;
    uint32_t head;
    t->status = NETIF_RSP_ERROR;
    if (t->packet.failed || t->bad)
        return NULL;
    unsigned n = lay_out(t, batch, &head);
    uint8_t *header = t->iov[0].iov_base;
    if (offload_outward(&t->packet, header + HEADER, head, &v))
        return NULL;
    memcpy(header, &v, HEADER);
    struct io_uring_sqe *entry = worker_uring_next(batch->uring);
    if (n == 1)
        io_uring_prep_write(entry, q->tap, header, (unsigned)t->iov[0].iov_len, 0);
    else
        io_uring_prep_writev(entry, q->tap, t->iov, n, 0);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    t->write.ended = written;
    t->batch = batch;
    t->status = NETIF_RSP_OKAY;
    worker_uring_own(entry, &t->write);
    return entry;
}

/* The TAP takes a packet at once or fails, so one after the other: that the last has ended is heard of, and which
 * failed. */
static void send_packets(const struct net_queue *q, struct net_batch *batch, int count)
{
    struct io_uring_sqe *last = NULL;
    for (int i = 0; i < count; i++) {
        struct io_uring_sqe *entry = send_packet(q, &batch->transmit[i], batch);
        if (entry) {
            last = entry;
            batch->writing = &batch->transmit[i];
        }
    }
    if (last)
        last->flags &= (uint8_t)~IOSQE_CQE_SKIP_SUCCESS;
    for (bool wait = false; batch->writing; wait = true)
        worker_uring_enter(batch->uring, wait);
}

static void answer_packet(struct net_queue *q, const struct transmit_packet *t)
{
    struct device_counters *counters = q->device->counters;
    for (unsigned i = 0; i < t->packet.slots; i++) {
        struct netif_tx_response response = netif_packet_answer(&t->packet, i, t->status);
        shared_ring_answer(&q->tx, &response, sizeof(response));
    }
    if (t->status == NETIF_RSP_OKAY) {
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
    while (count < (int)BATCH_PACKETS && page + NETIF_PIECES_MOST <= batch->page_count && !rate_limit_exhausted(rate)) {
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
    send_packets(q, batch, count);
    for (int i = 0; i < count; i++)
        answer_packet(q, &batch->transmit[i]);
    q->notify[0] |= shared_ring_publish(&q->tx);
    return shared_ring_sleep(&q->tx);
}
