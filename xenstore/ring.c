/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ring.h. */
#include "xenstore/ring.h"

#include "xenstore/journal.h"
#include "xenstore/log.h"
#include "xenstore/request.h"
#include "xenstore/store.h"
#include <string.h>

/* Of the server's features those that the public header knows; nothing is ever taken back. */
#define FEATURES (XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR)

#define COMPLAIN_EVERY_SECONDS 10

static uint32_t load(volatile uint32_t *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

/* A full barrier: both sides write their own index and then look at the other's to know whether the other one waits. If
 * neither saw what the other wrote, both would. */
static void store_index(volatile uint32_t *index, uint32_t value)
{
    __atomic_store_n(index, value, __ATOMIC_SEQ_CST);
}

static unsigned domid_of(const struct ring *ring)
{
    return ring->connection.actor.domid;
}

static struct journal *journal_of(const struct ring *ring)
{
    return ring->connection.store->journal;
}

/* Where the ring stands, with nothing taken and nothing queued. */
static void record_indices(const struct ring *ring)
{
    const struct record_ring record = {ring->request_consumed, ring->reply_produced};
    journal_put(journal_of(ring), RECORD_RING, domid_of(ring), &record, sizeof(record), NULL, 0);
}

/* The domain broke the rules, in the way that error says. */
static void ignore(struct ring *ring, uint32_t error, const char *what)
{
    time_t now = time(NULL);

    if (now - ring->complained >= COMPLAIN_EVERY_SECONDS) /* it may reconnect and do it again */
        log_line(LOG_LEVEL_WARNING, "domain %u: %s; its ring is ignored until it reconnects or is introduced again",
                 domid_of(ring), what);
    ring->complained = now;
    ring->ignored = true;
    ring->in_length = 0;
    connection_reset_watches(&ring->connection);
    output_free(&ring->connection.out);
    journal_put(journal_of(ring), RECORD_RESET, domid_of(ring), NULL, 0, NULL, 0);
    record_indices(ring);
    journal_commit(journal_of(ring));
    store_index(&ring->page->error, error);
    ring->moved = true;
}

void ring_start(struct ring *ring, volatile struct xenstore_domain_interface *page)
{
    ring->page = page;
    ring->request_consumed = load(&page->req_cons);
    ring->reply_produced = load(&page->rsp_prod);
    ring->in_length = 0;
    ring->ignored = false;
    page->server_features |= FEATURES;
    record_indices(ring);
}

bool ring_resume(struct ring *ring, volatile struct xenstore_domain_interface *page)
{
    uint32_t sent = load(&page->rsp_prod) - ring->reply_produced;

    ring->page = page;
    if (ring->reset_due) {
        ring_finish_reset(ring);
        return true;
    }
    if (sent > output_waiting(&ring->connection.out)) {
        ignore(ring, XENSTORE_ERROR_RINGIDX, "its ring does not go with the journal");
        return false;
    }
    output_taken(&ring->connection.out, sent);
    ring->reply_produced += sent;
    store_index(&page->req_cons, ring->request_consumed);
    page->server_features |= FEATURES;
    ring->moved = true;
    return true;
}

static void set_reset_due(struct ring *ring, bool due)
{
    const uint8_t byte = due;

    ring->reset_due = due;
    journal_put(journal_of(ring), RECORD_RESET_DUE, domid_of(ring), &byte, sizeof(byte), NULL, 0);
}

void ring_reset(struct ring *ring)
{
    connection_reset_watches(&ring->connection);
    output_free(&ring->connection.out);
    quota_usage(&ring->connection.store->quota, domid_of(ring))->outstanding = 0;
    ring->request_consumed = ring->reply_produced = 0;
    ring->in_length = 0;
    ring->ignored = false;
    journal_put(journal_of(ring), RECORD_RESET, domid_of(ring), NULL, 0, NULL, 0);
    record_indices(ring);
    set_reset_due(ring, true);
    ring->moved = true;
}

void ring_finish_reset(struct ring *ring)
{
    volatile struct xenstore_domain_interface *page = ring->page;

    if (!page || !ring->reset_due)
        return;
    page->server_features |= FEATURES;
    store_index(&page->error, XENSTORE_ERROR_NONE);
    store_index(&page->req_cons, 0);
    store_index(&page->req_prod, 0);
    store_index(&page->rsp_cons, 0);
    store_index(&page->rsp_prod, 0);
    set_reset_due(ring, false);
    journal_commit(journal_of(ring));
    if (load(&page->connection) == XENSTORE_RECONNECT)
        store_index(&page->connection, XENSTORE_CONNECTED);
    ring->moved = true;
}

bool ring_wants_reconnect(const struct ring *ring)
{
    return ring->page && !ring->reset_due && load(&ring->page->connection) == XENSTORE_RECONNECT;
}

bool ring_has_input(const struct ring *ring)
{
    return ring->page && !ring->ignored && !ring->reset_due && load(&ring->page->req_prod) != ring->request_consumed;
}

/* Copies length bytes that lie offset behind what is consumed. The caller knows that they are there. */
static void copy_in(const struct ring *ring, uint32_t offset, char *to, size_t length)
{
    uint32_t from = MASK_XENSTORE_IDX(ring->request_consumed + offset);
    size_t first = XENSTORE_RING_SIZE - from < length ? XENSTORE_RING_SIZE - from : length;
    const char *bytes = (const char *)ring->page->req;

    memcpy(to, bytes + from, first);
    memcpy(to + first, bytes, length - first);
}

static void handle(struct ring *ring, size_t payload_length)
{
    struct connection *connection = &ring->connection;
    struct xsd_sockmsg header;

    memcpy(&header, ring->in, sizeof(header));
    header.len = payload_length; /* the length that was checked */
    ring->in_length = 0;
    journal_put(journal_of(ring), RECORD_CONSUMED, domid_of(ring), &ring->request_consumed,
                sizeof(ring->request_consumed), NULL, 0);
    request_handle(connection, &header, ring->in + WIRE_HEADER);
}

/* Of a message that is not complete, what is there is taken at once: Linux sends header and payload one by one, and it
 * notifies us of the second only when it sees that the first has been consumed. */
static void take_part(struct ring *ring, uint32_t available)
{
    copy_in(ring, 0, ring->in + ring->in_length, available);
    journal_put(journal_of(ring), RECORD_INPUT, domid_of(ring), ring->in + ring->in_length, available, NULL, 0);
    ring->in_length += available;
    ring->request_consumed += available;
    journal_commit(journal_of(ring));
    store_index(&ring->page->req_cons, ring->request_consumed);
    ring->moved = true;
}

bool ring_handle_one(struct ring *ring)
{
    char header[WIRE_HEADER];

    if (!ring->page || ring->ignored || ring->reset_due)
        return false;
    uint32_t available = load(&ring->page->req_prod) - ring->request_consumed;
    if (available > XENSTORE_RING_SIZE) {
        ignore(ring, XENSTORE_ERROR_RINGIDX, "request indices of its ring are out of bounds");
        return false;
    }
    size_t have = ring->in_length, there = have + available;
    if (!available)
        return false;
    if (there < WIRE_HEADER) {
        take_part(ring, available);
        return false;
    }
    memcpy(header, ring->in, have < WIRE_HEADER ? have : WIRE_HEADER);
    if (have < WIRE_HEADER)
        copy_in(ring, 0, header + have, WIRE_HEADER - have);

    int length = wire_message_length(header, WIRE_HEADER);
    if (length < 0) {
        ignore(ring, XENSTORE_ERROR_PROTO, "it sent a message that is too long");
        return false;
    }
    if (there < (size_t)length) {
        take_part(ring, available);
        return false;
    }
    size_t missing = length - have;
    copy_in(ring, 0, ring->in + have, missing);
    memcpy(ring->in, header, WIRE_HEADER); /* as checked, whatever the domain has written meanwhile */
    ring->request_consumed += missing;
    handle(ring, length - WIRE_HEADER);
    journal_commit(journal_of(ring));
    if (ring->page) { /* unless the request was about its own end */
        store_index(&ring->page->req_cons, ring->request_consumed);
        ring->moved = true;
    }
    return true;
}

/* Moves what fits. False if nothing did. */
static bool send_some(struct ring *ring)
{
    struct output *out = &ring->connection.out;

    uint32_t used = ring->reply_produced - load(&ring->page->rsp_cons);
    if (used > XENSTORE_RING_SIZE) {
        ignore(ring, XENSTORE_ERROR_RINGIDX, "reply indices of its ring are out of bounds");
        return false;
    }
    size_t length = XENSTORE_RING_SIZE - used;
    if (length > output_waiting(out))
        length = output_waiting(out);
    if (!length)
        return false;
    uint32_t to = MASK_XENSTORE_IDX(ring->reply_produced);
    size_t first = XENSTORE_RING_SIZE - to < length ? XENSTORE_RING_SIZE - to : length;
    char *bytes = (char *)ring->page->rsp;
    memcpy(bytes + to, out->bytes + out->start, first);
    memcpy(bytes, out->bytes + out->start + first, length - first);
    ring->reply_produced += length;
    store_index(&ring->page->rsp_prod, ring->reply_produced);
    output_taken(out, length);
    ring->moved = true;
    return true;
}

/* A domain tells that it took replies only if the ring was full before: what waits here must have seen it full. */
void ring_send(struct ring *ring)
{
    if (!ring->page || ring->reset_due)
        return;
    while (!ring->ignored && output_waiting(&ring->connection.out))
        if (!send_some(ring))
            return;
}
