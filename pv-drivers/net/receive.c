/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the TAP to the guest. A frame takes as many of the guest's buffers as it has pages, and one for the extra info
 * that tells of segmentation. A batch is: the frames that were read, as far as the guest has buffers for them; one call
 * that copies them all; then the answers, of each frame at once.
 *
 * A read waits in the TAP for the next frame, several where frames come in groups: then one system call gets them all.
 * What they bring is kept in the order in which it came. While a guest gives no buffers no more reads are begun: the
 * kernel drops what does not fit in the TAP's queue. Nobody else waits for that.
 *
 * Each frame lies at the start of a page, so that each page of it is one copy; the TAP's header lies right before that,
 * in the end of the page before.
 */
#include "net/queue.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SINGLES_MAX  4 /* after so many frames that came alone, look for a second one */
#define HEADER       sizeof(struct virtio_net_hdr)
#define FRAME_STRIDE ((size_t)(1 + FRAME_PAGES) * NETIF_PAGE)
#define FRAMES_BYTES ((size_t)FRAMES_PAGES * NETIF_PAGE)

static uint32_t slots_of(uint32_t length, const struct offload_inward *in)
{
    return (length + NETIF_PAGE - 1) / NETIF_PAGE + (in->flags & NETRXF_extra_info ? 1 : 0);
}

/* A frame of length bytes was read. */
static void look_at_frame(struct net_queue *q, struct receive_frame *f, uint32_t length)
{
    struct virtio_net_hdr v;
    f->length = length;
    memcpy(&v, f->bytes - HEADER, HEADER);
    bool fits = length && length <= FRAME_MAX && offload_inward(&v, &q->device->taken, f->bytes, length, &f->in);
    f->slots = fits ? slots_of(length, &f->in) : 0;
    if (f->slots > 1 && !q->device->sg)
        f->slots = 0;
    if (!f->slots)
        q->device->counters->errors++;
}

static void read_ended(struct uring_operation *operation, int result)
{
    struct receive_frame *f = (struct receive_frame *)((char *)operation - offsetof(struct receive_frame, read));
    struct net_queue *q = f->queue;
    q->asked--;
    q->came++;
    q->ready[(q->first_ready + q->ready_count++) % READS] = (uint8_t)(f - q->frame);
    q->wake |= WAKE_RECEIVE;
    f->slots = 0;
    if (result >= (int)HEADER)
        look_at_frame(q, f, (uint32_t)result - (uint32_t)HEADER);
    else if (result < 0 && result != -EAGAIN && result != -EINTR && result != -ECANCELED)
        queue_lied(q, "its TAP interface was removed");
}

static void begin_reads(struct net_queue *q, struct worker_uring *uring)
{
    for (; q->asked < q->want && q->free; q->asked++) {
        unsigned i = (unsigned)__builtin_ctz(q->free);
        struct io_uring_sqe *entry = worker_uring_next(uring);
        q->free &= q->free - 1;
        io_uring_prep_read(entry, q->tap, q->frame[i].bytes - HEADER, HEADER + FRAME_PAGES * NETIF_PAGE, 0);
        worker_uring_own(entry, &q->frame[i].read);
    }
}

/* More reads than frames wake in vain, fewer make more turns: where each brings a frame more are tried. */
static void adapt_reads(struct net_queue *q)
{
    if (q->came < q->want)
        q->want -= q->want > 1;
    else if (q->want > 1)
        q->want = q->want * 2 < READS ? q->want * 2 : READS;
    else if (++q->singles % SINGLES_MAX == 0)
        q->want = 2;
    q->came = 0;
}

/* The first queue has the granted pages, of which there are not many. */
static uint8_t *frames_memory(struct net_queue *q, struct net_batch *batch)
{
    q->frames_own = batch->copies.own.count && !batch->own_lent;
    if (q->frames_own) {
        batch->own_lent = true;
        return batch->copies.own.pages + (size_t)batch->page_count * NETIF_PAGE;
    }
    void *memory = mmap(NULL, FRAMES_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

bool receive_open(struct net_queue *q, struct net_batch *batch)
{
    q->frames_memory = frames_memory(q, batch);
    for (unsigned i = 0; i < READS && q->frames_memory; i++)
        q->frame[i] = (struct receive_frame){
            .read.ended = read_ended, .queue = q, .bytes = q->frames_memory + i * FRAME_STRIDE + NETIF_PAGE};
    q->free = (1u << READS) - 1;
    q->want = 1;
    return q->frames_memory;
}

void receive_close(struct net_queue *q, struct net_batch *batch)
{
    while (q->asked) {
        struct io_uring_sqe *entry = worker_uring_next(batch->uring);
        io_uring_prep_cancel_fd(entry, q->tap, IORING_ASYNC_CANCEL_ALL);
        worker_uring_own(entry, NULL);
        worker_uring_enter(batch->uring, true);
    }
    if (q->frames_memory && q->frames_own)
        batch->own_lent = false;
    else if (q->frames_memory)
        munmap(q->frames_memory, FRAMES_BYTES);
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

static struct receive_frame *ready_frame(struct net_queue *q, unsigned n)
{
    return &q->frame[q->ready[(q->first_ready + n) % READS]];
}

/* Takes buffers for the frames that came, as far as there are, and begins to copy. Their count; -1: the ring is broken.
 */
static int copy_frames(struct net_queue *q, struct net_batch *batch, uint32_t waiting)
{
    uint32_t slots = 0;
    unsigned n;
    for (n = 0; n < q->ready_count; n++) {
        struct receive_frame *f = ready_frame(q, n);
        if (slots + f->slots > waiting)
            break;
        f->bad = false;
        if (!copy_frame(q, batch, f, batch->ids + slots)) {
            batch->copies.count = 0;
            queue_lied(q, "receive requests were taken back");
            return -1;
        }
        slots += f->slots;
    }
    return (int)n;
}

static void answer_frames(struct net_queue *q, const struct net_batch *batch, int count)
{
    const uint16_t *ids = batch->ids;
    for (; count; count--) {
        struct receive_frame *f = ready_frame(q, 0);
        if (f->slots)
            answer_frame(q, f, ids);
        ids += f->slots;
        q->free |= 1u << (f - q->frame);
        q->first_ready = (q->first_ready + 1) % READS;
        q->ready_count--;
    }
}

bool receive_run(struct net_queue *q, struct net_batch *batch)
{
    answer_damaged(q);
    uint32_t waiting = shared_ring_waiting(&q->rx);
    if (waiting == UINT32_MAX)
        return queue_lied(q, "more receive requests than the ring has slots");
    int count = copy_frames(q, batch, waiting);
    if (count < 0)
        return false;
    grant_copies_make(&batch->copies);
    answer_frames(q, batch, count);
    q->notify[1] |= shared_ring_publish(&q->rx);
    if (q->ready_count)
        return shared_ring_sleep_until(&q->rx, ready_frame(q, 0)->slots);
    if (q->came)
        adapt_reads(q);
    begin_reads(q, batch->uring);
    return false;
}
