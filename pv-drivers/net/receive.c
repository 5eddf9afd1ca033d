/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the TAP to the guest. A frame takes as many of the guest's buffers as it has pages, and one for the extra info
 * that tells of segmentation. A batch is: frames read as long as the guest has buffers for them; one call that copies
 * them all; then the answers, of each frame at once.
 *
 * A frame for which there are not enough buffers is held (one for each queue), and while a guest gives none, its TAP is
 * not read: the kernel drops what does not fit in the TAP's queue. Nobody else waits for that.
 *
 * Frames lie in the batch's pages each at the start of a page, so that each page of a frame is one copy; the TAP's
 * header lies right before that, in the end of the page before.
 */
#include "net/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEADER      sizeof(struct virtio_net_hdr)
#define SINGLES_MAX 4 /* after so many single frames, look for a second one */

static uint32_t slots_of(uint32_t length, const struct offload_inward *in)
{
    return (length + NETIF_PAGE - 1) / NETIF_PAGE + (in->flags & NETRXF_extra_info ? 1 : 0);
}

static void watch_tap(struct net_queue *q, bool watch)
{
    if (q->tap_watched == watch)
        return;
    q->tap_watched = watch;
    event_loop_change(&q->device->worker->loop, &q->tap, watch ? EPOLLIN : 0);
}

/* Keeps a frame until there are buffers. Without memory it is dropped, as the TAP would. */
static void hold_frame(struct net_queue *q, const struct receive_frame *f)
{
    struct held_frame *h = &q->held;
    if (!h->bytes) {
        h->bytes = mmap(NULL, FRAME_PAGES * NETIF_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (h->bytes == MAP_FAILED)
            h->bytes = NULL;
    }
    if (!h->bytes) {
        q->device->counters->errors++;
        return;
    }
    memcpy(h->bytes, f->bytes, f->length);
    h->in = f->in;
    h->length = f->length;
}

/* One frame to the page at: 1, 0: there is none now, -1: there was one, but not for this guest. */
static int read_frame(struct net_queue *q, uint8_t *at, struct receive_frame *f)
{
    struct virtio_net_hdr v;
    ssize_t n = read(q->tap.fd, at - HEADER, HEADER + FRAME_PAGES * NETIF_PAGE);
    if (n <= 0)
        return 0;
    *f = (struct receive_frame){.bytes = at, .length = (uint32_t)n - (uint32_t)HEADER};
    memcpy(&v, at - HEADER, HEADER);
    bool fits =
        n > (ssize_t)HEADER && f->length <= FRAME_MAX && offload_inward(&v, &q->device->taken, at, f->length, &f->in);
    f->slots = fits ? slots_of(f->length, &f->in) : 0;
    if (fits && (q->device->sg || f->slots == 1))
        return 1;
    q->device->counters->errors++;
    return -1;
}

/* Reads frames for at most waiting buffers; returns how many. Where frames come one by one, looking for a second one
 * each time would be a system call for nothing. */
static unsigned read_frames(struct net_queue *q, struct net_batch *batch, uint32_t waiting)
{
    unsigned count = 0, tries = q->tap_streams || ++q->tap_singles % SINGLES_MAX == 0 ? BATCH_PACKETS : 1;
    uint8_t *at = batch->pages + NETIF_PAGE, *end = at + (size_t)BATCH_PAGES * NETIF_PAGE;
    uint32_t slots = 0;
    if (q->held.length) {
        struct receive_frame *f = &batch->receive[0];
        *f = (struct receive_frame){.in = q->held.in, .bytes = q->held.bytes, .length = q->held.length};
        f->slots = slots_of(f->length, &f->in);
        if (f->slots > waiting)
            return 0;
        q->held.length = 0; /* its bytes are in use for now: another cannot be held in this round */
        return 1;
    }
    while (tries-- && count < BATCH_PACKETS && slots < waiting && at < end) {
        struct receive_frame *f = &batch->receive[count];
        int got = read_frame(q, at, f);
        if (got < 0)
            continue;
        if (!got)
            break;
        if (slots + f->slots > waiting) {
            hold_frame(q, f);
            break;
        }
        slots += f->slots;
        count++;
        /* The next one's header must not lie in this one's last bytes. */
        at += (f->length + HEADER + NETIF_PAGE - 1) / NETIF_PAGE * NETIF_PAGE;
    }
    return count;
}

/* Takes the frame's buffers and begins to copy. The ids go to *ids. false: the ring is broken. */
static bool copy_frame(struct net_queue *q, struct net_batch *batch, struct receive_frame *f, uint16_t *ids)
{
    struct netif_rx_request request;
    bool extra = f->in.flags & NETRXF_extra_info;
    uint32_t done = 0;
    for (uint32_t i = 0; i < f->slots; i++) {
        if (shared_ring_take(&q->rx, &request, sizeof(request)) != RING_TAKEN)
            return false;
        ids[i] = request.id;
        if (extra && i == 1)
            continue;
        uint32_t size = f->length - done < NETIF_PAGE ? f->length - done : NETIF_PAGE;
        grant_copy_to_guest(&batch->copies, request.gref, 0, f->bytes + done, size, &f->bad);
        done += size;
    }
    return true;
}

static struct netif_extra_info segmentation(const struct offload_inward *in)
{
    struct netif_extra_info e = {.type = XEN_NETIF_EXTRA_TYPE_GSO};
    e.u.gso.size = in->gso_size;
    e.u.gso.type = in->gso_type;
    return e;
}

static void answer_frame(struct net_queue *q, const struct receive_frame *f, const uint16_t *ids)
{
    union {
        struct netif_rx_response response;
        struct netif_extra_info extra;
    } answer[FRAME_SLOTS_MAX];
    _Static_assert(sizeof(answer[0]) == 8, "netif ABI: a response is 8 bytes");
    bool extra = f->in.flags & NETRXF_extra_info;
    uint32_t done = 0;
    for (uint32_t i = 0; i < f->slots; i++) {
        if (extra && i == 1) {
            answer[i].extra = segmentation(&f->in);
            continue;
        }
        uint32_t size = f->length - done < NETIF_PAGE ? f->length - done : NETIF_PAGE;
        done += size;
        uint16_t flags = i ? 0 : f->in.flags;
        if (done < f->length)
            flags |= NETRXF_more_data;
        answer[i].response = (struct netif_rx_response){
            .id = ids[i], .flags = flags, .status = f->bad ? NETIF_RSP_ERROR : (int16_t)size};
    }
    if (f->slots == 1)
        shared_ring_answer(&q->rx, answer, sizeof(answer[0]));
    else
        shared_ring_answer_group(&q->rx, answer, f->slots, sizeof(answer[0]));
    struct device_counters *counters = q->device->counters;
    if (f->bad) {
        counters->errors++;
        return;
    }
    counters->read_requests++;
    counters->read_bytes += f->length;
}

/* Buffers that a killed worker left unclear: given back unused. */
static void answer_damaged(struct net_queue *q)
{
    struct netif_rx_request request;
    for (; q->rx.damaged; q->rx.damaged--) {
        if (shared_ring_take(&q->rx, &request, sizeof(request)) != RING_TAKEN)
            return;
        struct netif_rx_response response = {.id = request.id, .status = NETIF_RSP_ERROR};
        shared_ring_answer(&q->rx, &response, sizeof(response));
    }
}

/* Waits for frames if there are buffers for them, else for buffers. true: there are enough already. */
static bool want_buffers(struct net_queue *q)
{
    uint32_t wanted = q->held.length ? slots_of(q->held.length, &q->held.in) : 1;
    bool starved = q->held.length || !shared_ring_waiting(&q->rx);
    watch_tap(q, !starved);
    return starved && shared_ring_sleep_until(&q->rx, wanted);
}

bool receive_run(struct net_queue *q, struct net_batch *batch)
{
    answer_damaged(q);
    uint32_t waiting = shared_ring_waiting(&q->rx);
    if (waiting == UINT32_MAX)
        return queue_lied(q, "more receive requests than the ring has slots");
    bool held = q->held.length;
    unsigned count = read_frames(q, batch, waiting), ids = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!copy_frame(q, batch, &batch->receive[i], batch->ids + ids)) {
            batch->copies.count = 0;
            return queue_lied(q, "receive requests were taken back");
        }
        ids += batch->receive[i].slots;
    }
    grant_copies_make(&batch->copies);
    ids = 0;
    for (unsigned i = 0; i < count; i++) {
        answer_frame(q, &batch->receive[i], batch->ids + ids);
        ids += batch->receive[i].slots;
    }
    if (shared_ring_publish(&q->rx))
        queue_notify(q, 1);
    q->tap_streams = count > 1;
    return want_buffers(q) || (held && count);
}
