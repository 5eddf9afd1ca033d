/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See connection.h. */
#include "xenstore/connection.h"

#include "xenstore/journal.h"
#include "xenstore/log.h"
#include "xenstore/memory.h"
#include "xenstore/store.h"
#include "xenstore/transaction.h"
#include "xenstore/watch.h"
#include "xenstore/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_SPACE_FIRST 1024
#define OUTPUT_SPACE_KEPT  (64 * 1024) /* an empty buffer above this is given back */

void connection_init(struct connection *connection, struct store *store, unsigned domid, bool ring)
{
    *connection = (struct connection){.store = store, .ring = ring};
    connection->actor = (struct actor){.domid = domid, .target = ACTOR_NO_TARGET, .privileged = domid == 0};
    connection->base_length = snprintf(connection->base, sizeof(connection->base), "/local/domain/%u", domid);
}

void connection_reset_watches(struct connection *connection)
{
    while (connection->watches)
        watch_remove(&connection->store->watches, connection->watches);
    while (connection->transactions)
        transaction_abort(connection, connection->transactions);
}

void connection_close(struct connection *connection)
{
    connection_reset_watches(connection);
    store_not_dirty(connection->store, connection);
    output_free(&connection->out);
}

static char *output_space(struct output *out, size_t length)
{
    if (out->start && out->start == out->end)
        out->start = out->end = 0;
    if (out->end + length > out->space && out->start) {
        memmove(out->bytes, out->bytes + out->start, out->end - out->start);
        out->end -= out->start;
        out->start = 0;
    }
    if (out->end + length > out->space) {
        size_t space = out->space ? out->space : OUTPUT_SPACE_FIRST;
        while (space < out->end + length)
            space *= 2;
        out->bytes = memory_realloc(out->bytes, space);
        out->space = space;
    }
    char *bytes = out->bytes + out->end;
    out->end += length;
    return bytes;
}

void output_append(struct output *out, const void *a, size_t a_length, const void *b, size_t b_length)
{
    char *bytes = output_space(out, a_length + b_length);

    memcpy(bytes, a, a_length);
    if (b_length)
        memcpy(bytes + a_length, b, b_length);
}

void output_taken(struct output *out, size_t length)
{
    out->start += length;
    out->sent += length;
    if (out->start == out->end && out->space > OUTPUT_SPACE_KEPT)
        output_free(out);
}

void output_free(struct output *out)
{
    free(out->bytes);
    *out = (struct output){.sent = out->sent};
}

static void queue(struct connection *connection, const struct xsd_sockmsg *header, const void *payload)
{
    output_append(&connection->out, header, sizeof(*header), payload, header->len);
    store_dirty(connection->store, connection);
    if (connection->ring)
        journal_put(connection->store->journal, RECORD_OUTPUT, connection->actor.domid, header, sizeof(*header),
                    payload, header->len);
    if (log_tracing())
        log_trace_message("OUT", connection, wire_type_name(header->type), payload, header->len);
}

void connection_reply(struct connection *connection, uint32_t type, uint32_t req_id, uint32_t tx_id,
                      const void *payload, size_t length)
{
    struct xsd_sockmsg header = {.type = type, .req_id = req_id, .tx_id = tx_id, .len = length};
    queue(connection, &header, payload);
    if (!connection->actor.privileged)
        quota_usage(&connection->store->quota, connection->actor.domid)->outstanding++;
}

uint64_t connection_event(struct connection *connection, const char *path, size_t path_length, const char *token,
                          size_t token_length)
{
    char payload[XENSTORE_PAYLOAD_MAX];
    struct xsd_sockmsg header = {.type = XS_WATCH_EVENT, .len = path_length + token_length + 2};

    if (header.len <= sizeof(payload)) {
        memcpy(payload, path, path_length);
        payload[path_length] = 0;
        memcpy(payload + path_length + 1, token, token_length);
        payload[header.len - 1] = 0;
        queue(connection, &header, payload);
    }
    return connection->out.sent + output_waiting(&connection->out);
}
