/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvnet DOMID: the network back end's worker (common/worker_main.h): all network devices of one guest. The manager
 * hands over, for each, a TAP queue for each queue of the front end. See queue.h for how a queue works.
 */
#include "net/queue.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define URING_ENTRIES 512 /* a batch of packets, and chains of reads */

struct hvnet {
    struct net_device *devices;
    struct net_batch batch;
};

static struct hvnet *hvnet_of(const struct worker *w)
{
    return w->of_kind;
}

bool queue_lied(struct net_queue *q, const char *reason)
{
    snprintf(q->device->text, sizeof(q->device->text), "%s", reason);
    return false;
}

/* Of what was published in this turn; one event for both rings where the front end has one. */
static void notify_front(struct net_queue *q)
{
    bool split = q->channel[1].bound;
    if (q->notify[0] || (q->notify[1] && !split))
        worker_channel_notify(q->device->worker, &q->channel[0]);
    if (q->notify[1] && split)
        worker_channel_notify(q->device->worker, &q->channel[1]);
    q->notify[0] = q->notify[1] = false;
}

/* ---- what wakes a queue ---- */

static void wake_all(struct hvnet *h)
{
    for (struct net_device *d = h->devices; d; d = d->next)
        for (unsigned i = 0; i < d->queue_count; i++)
            d->queue[i].wake |= WAKE_TRANSMIT | WAKE_RECEIVE;
}

static void rate_timer_fired(struct event_timer *timer)
{
    struct net_device *d = (struct net_device *)((char *)timer - offsetof(struct net_device, rate_timer));
    for (unsigned i = 0; i < d->queue_count; i++)
        d->queue[i].wake |= WAKE_TRANSMIT;
}

/* ---- connecting ---- */

static void queue_close(struct net_queue *q)
{
    struct worker *w = q->device->worker;
    worker_channel_unbind(w, &q->channel[0]);
    worker_channel_unbind(w, &q->channel[1]);
    if (q->tx_pages)
        grant_pages_unmap(w->grants, q->tx_pages, q->tx_page_count);
    if (q->rx_pages)
        grant_pages_unmap(w->grants, q->rx_pages, q->rx_page_count);
    receive_close(q, &hvnet_of(w)->batch);
}

/* The files are closed only when they became the device's (close_files). */
static void device_close(struct net_device *d, bool close_files)
{
    struct hvnet *h = hvnet_of(d->worker);
    for (struct net_device **at = &h->devices; *at; at = &(*at)->next)
        if (*at == d) {
            *at = d->next;
            break;
        }
    event_timer_stop(&d->worker->loop, &d->rate_timer);
    for (unsigned i = 0; i < d->queue_count; i++) {
        queue_close(&d->queue[i]);
        if (close_files)
            close(d->queue[i].tap);
    }
    if (d->counters)
        worker_counters_unmap(d->counters);
    free(d);
}

static int ring_attach(struct worker *w, const struct worker_ring *from, uint32_t slot_size, void **pages,
                       uint32_t *page_count, struct shared_ring *ring, struct failure *failure)
{
    if (!from->pages || from->pages > WORKER_RING_PAGES_MAX)
        return failure_set(failure, "a ring of %u pages", from->pages);
    *page_count = from->pages;
    *pages = grant_pages_map(w->grants, w->domid, from->grants, from->pages, true);
    if (!*pages)
        return failure_errno(failure, "cannot map a ring (grant %u)", from->grants[0]);
    if (!shared_ring_attach(ring, *pages, (size_t)from->pages * GRANT_PAGE, slot_size))
        return failure_set(failure, "a ring whose counters make no sense");
    return 0;
}

/* The channels come first: once they are ours, no other worker looks at the rings. */
static int queue_open(struct net_queue *q, const struct worker_queue *from, int tap, struct failure *failure)
{
    struct worker *w = q->device->worker;
    unsigned channels = from->event_channel[0] == from->event_channel[1] ? 1 : 2;
    for (unsigned i = 0; i < channels; i++) {
        if (worker_channel_bind(w, &q->channel[i], from->event_channel[i], failure))
            return -1;
    }
    if (ring_attach(w, &from->ring[0], sizeof(union netif_tx_slot), &q->tx_pages, &q->tx_page_count, &q->tx, failure) ||
        ring_attach(w, &from->ring[1], sizeof(struct netif_rx_request), &q->rx_pages, &q->rx_page_count, &q->rx,
                    failure))
        return -1;
    if (!receive_open(q, &hvnet_of(w)->batch))
        return failure_errno(failure, "no memory for frames");
    q->tap = tap;
    q->wake = WAKE_TRANSMIT | WAKE_RECEIVE;
    return 0;
}

static void set_rate(struct net_device *d, const struct worker_net *net)
{
    rate_limit_set(&d->rate, net->rate_bytes, net->rate_interval_us, (uint64_t)event_loop_now_ns() / 1000);
}

static int hvnet_connect(struct worker *w, const struct worker_message *m, const int *files, unsigned count,
                         struct failure *failure)
{
    if (!m->queues || m->queues > WORKER_QUEUES_MAX || count != m->queues + 1)
        return failure_set(failure, "%u queues with %u files", m->queues, count);
    struct net_device *d = calloc(1, sizeof(*d));
    if (!d)
        return failure_errno(failure, "no memory for a device");
    d->worker = w;
    d->id = m->device;
    d->sg = m->net.sg;
    d->taken = (struct offload_taken){.csum_v4 = m->net.csum_v4, .csum_v6 = m->net.csum_v6};
    d->rate_timer.fired = rate_timer_fired;
    set_rate(d, &m->net);
    /* The counters' file is closed with the mapping, and this call may still fail. */
    int counters = dup(files[0]);
    d->counters = counters < 0 ? NULL : worker_counters_map(counters);
    int failed = d->counters ? 0 : failure_errno(failure, "cannot map the counters");
    for (unsigned i = 0; i < m->queues && !failed; i++) {
        d->queue[i].device = d;
        d->queue_count = i + 1;
        failed = queue_open(&d->queue[i], &m->queue[i], files[1 + i], failure);
    }
    if (failed) {
        device_close(d, false);
        return -1;
    }
    close(files[0]);
    d->next = hvnet_of(w)->devices;
    hvnet_of(w)->devices = d;
    return 0;
}

static struct net_device *find_device(const struct worker *w, unsigned id)
{
    struct net_device *d = hvnet_of(w)->devices;
    while (d && d->id != id)
        d = d->next;
    return d;
}

static int hvnet_change(struct worker *w, const struct worker_message *m, const int *files, unsigned count,
                        struct failure *failure)
{
    struct net_device *d = find_device(w, m->device);
    (void)files;
    if (!d)
        return failure_set(failure, "device %u is not connected", m->device);
    if (count)
        return failure_set(failure, "a change of rate comes with no files");
    set_rate(d, &m->net);
    event_timer_stop(&w->loop, &d->rate_timer);
    rate_timer_fired(&d->rate_timer);
    return 0;
}

static int hvnet_disconnect(struct worker *w, unsigned device)
{
    struct net_device *d = find_device(w, device);
    if (d)
        device_close(d, true);
    return 0;
}

/* ---- the work ---- */

/* What the guest sends first: an answer to that may come back in the same turn. */
static void run_queue(struct net_queue *q, struct net_batch *batch)
{
    unsigned wake = q->wake;
    q->wake = 0;
    if (wake & WAKE_TRANSMIT && transmit_run(q, batch))
        q->wake |= WAKE_TRANSMIT;
    if ((wake | q->wake) & WAKE_RECEIVE && !q->device->text[0]) {
        q->wake &= ~(unsigned)WAKE_RECEIVE;
        if (receive_run(q, batch))
            q->wake |= WAKE_RECEIVE;
    }
    notify_front(q);
}

/* A queue that is run may be told of what another one began: looked at when all have been run. */
static bool any_awake(const struct hvnet *h)
{
    for (const struct net_device *d = h->devices; d; d = d->next)
        for (unsigned i = 0; i < d->queue_count; i++)
            if (d->queue[i].wake || d->text[0])
                return true;
    return false;
}

/* true: there is more to do. */
static bool run_devices(struct hvnet *h, struct worker *w)
{
    for (struct net_device *d = h->devices, *next; d; d = next) {
        next = d->next;
        for (unsigned i = 0; i < d->queue_count && !d->text[0]; i++)
            if (d->queue[i].wake)
                run_queue(&d->queue[i], &h->batch);
        if (d->text[0]) {
            char text[WORKER_TEXT_MAX];
            unsigned id = d->id;
            memcpy(text, d->text, sizeof(text));
            device_close(d, true);
            worker_answer(w, id, WORKER_FAILED, text);
        }
    }
    return any_awake(h);
}

static bool hvnet_turn(struct worker *w, bool notified)
{
    struct hvnet *h = hvnet_of(w);
    if (notified)
        wake_all(h);
    return run_devices(h, w);
}

static void copy_done(void *context, void *owner, bool ok)
{
    (void)context;
    if (!ok)
        *(bool *)owner = true;
}

/* Granted to ourselves if that can be had, with room for the frames of one queue behind. */
static bool open_pages(struct net_batch *batch, const struct worker *w)
{
    own_pages_open(&batch->copies.own, w->grants, 0, OWN_BATCH_PAGES + FRAMES_PAGES);
    batch->page_count = batch->copies.own.count ? OWN_BATCH_PAGES : BATCH_PAGES;
    batch->pages = batch->copies.own.count ? batch->copies.own.pages
                                           : mmap(NULL, (size_t)BATCH_PAGES * NETIF_PAGE, PROT_READ | PROT_WRITE,
                                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return batch->pages != MAP_FAILED;
}

static int hvnet_start(struct worker *w, struct failure *failure)
{
    static struct hvnet hvnet;
    struct net_batch *batch = &hvnet.batch;
    batch->copies.door = w->grants;
    batch->copies.domid = w->domid;
    batch->copies.done = copy_done;
    if (!open_pages(batch, w))
        return failure_errno(failure, "no memory for packets");
    /* Whom a packet wakes should finish what it does, then it finds more of them. */
    sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){.sched_priority = 0});
    w->of_kind = &hvnet;
    static const uint8_t operations[] = {IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_ASYNC_CANCEL};
    const struct worker_uring_plan plan = {
        .entries = URING_ENTRIES, .operations = operations, .operation_count = sizeof(operations)};
    w->uring = batch->uring = worker_uring_open(&plan, xenevtchn_fd(w->events), w->loop.epoll, failure);
    return w->uring ? 0 : -1;
}

static const int system_calls[] = {SYS_io_uring_enter, SYS_dup /* of the counters' file */, -1};

static const struct worker_kind_ops hvnet_ops = {
    .name = "hvnet",
    .rights = {.system_calls = system_calls, .files = 512, .threads = 1, .slot = 1},
    .start = hvnet_start,
    .connect = hvnet_connect,
    .change = hvnet_change,
    .disconnect = hvnet_disconnect,
    .turn = hvnet_turn,
};

int main(int argc, char **argv)
{
    return worker_main(argc, argv, &hvnet_ops);
}
