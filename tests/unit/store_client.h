/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the store's tests: a store, and clients that ask it and look at the answer. */
#ifndef HAVEN_TESTS_STORE_CLIENT_H
#define HAVEN_TESTS_STORE_CLIENT_H

#include "unit.h"
#include "xenstore/connection.h"
#include "xenstore/request.h"
#include "xenstore/store.h"
#include <string.h>

struct answer {
    struct xsd_sockmsg header;
    char payload[XENSTORE_PAYLOAD_MAX + 1];
};

/* The next message that waits for a client: taken. False if there is none. */
static inline bool client_take(struct connection *client, struct answer *answer)
{
    struct output *out = &client->out;

    memset(answer, 0, sizeof(*answer));
    if (!output_waiting(out))
        return false;
    CU_ASSERT_TRUE_FATAL(output_waiting(out) >= sizeof(answer->header));
    memcpy(&answer->header, out->bytes + out->start, sizeof(answer->header));
    CU_ASSERT_TRUE_FATAL(answer->header.len <= XENSTORE_PAYLOAD_MAX);
    CU_ASSERT_TRUE_FATAL(output_waiting(out) >= sizeof(answer->header) + answer->header.len);
    memcpy(answer->payload, out->bytes + out->start + sizeof(answer->header), answer->header.len);
    output_taken(out, sizeof(answer->header) + answer->header.len);
    return true;
}

/* Sends a request and takes its reply; events that come before it are thrown away. */
static inline struct answer *client_ask_bytes(struct connection *client, uint32_t type, uint32_t tx,
                                              const void *payload, size_t length)
{
    static struct answer answer;
    static uint32_t number;
    struct xsd_sockmsg header = {.type = type, .req_id = ++number, .tx_id = tx, .len = length};
    char *copy = malloc(length + 1); /* exactly as long as it is, so that the sanitizer sees who reads beyond */

    memcpy(copy, payload, length);
    char *exact = realloc(copy, length ? length : 1);
    request_handle(client, &header, exact);
    free(exact);
    do {
        CU_ASSERT_TRUE_FATAL(client_take(client, &answer));
    } while (answer.header.type == XS_WATCH_EVENT);
    CU_ASSERT_EQUAL(answer.header.req_id, number);
    CU_ASSERT_EQUAL(answer.header.tx_id, tx);
    CU_ASSERT_TRUE(answer.header.type == type || answer.header.type == XS_ERROR);
    return &answer;
}

/* The payload is strings; separators '|' in text stand for zeros, and one more ends it. */
static inline struct answer *client_ask(struct connection *client, uint32_t type, uint32_t tx, const char *text)
{
    char payload[XENSTORE_PAYLOAD_MAX + 64];
    size_t length = strlen(text) + 1;

    memcpy(payload, text, length);
    for (size_t i = 0; i < length; i++)
        if (payload[i] == '|')
            payload[i] = 0;
    return client_ask_bytes(client, type, tx, payload, length);
}

/* The same, where the last string is a value and not terminated. */
static inline struct answer *client_write(struct connection *client, uint32_t tx, const char *path, const char *value)
{
    char payload[XENSTORE_PAYLOAD_MAX + 64];
    size_t length = strlen(path) + 1;

    memcpy(payload, path, length);
    memcpy(payload + length, value, strlen(value));
    return client_ask_bytes(client, XS_WRITE, tx, payload, length + strlen(value));
}

/* What the reply says, for comparing: the error's name, or the payload with '|' for its zeros. */
static inline const char *said(struct answer *answer)
{
    for (size_t i = 0; i + 1 < answer->header.len; i++)
        if (!answer->payload[i])
            answer->payload[i] = '|';
    return answer->payload;
}

static inline uint32_t client_begin(struct connection *client)
{
    return strtoul(client_ask(client, XS_TRANSACTION_START, 0, "")->payload, NULL, 10);
}

#define EXPECT(answer, text) CU_ASSERT_STRING_EQUAL(said(answer), text)

#endif
