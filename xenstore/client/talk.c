/* SPDX-License-Identifier: MIT */
/*
 * One request and its reply.  The request leaves in one piece, whose header carries a number of its own: a reply with
 * another number would be that of another request, and is never taken for ours.
 *
 * last_request is written here under request_mutex, before the request leaves, and read by whoever reads the connection
 * under state_mutex when something comes in; both are held for the write.
 */
#include "client/handle.h"

#include <stdlib.h>
#include <string.h>

struct request {
    struct xsd_sockmsg header;
    char body[XENSTORE_PAYLOAD_MAX];
};

static bool assemble(struct request *request, const struct iovec *parts, unsigned int count)
{
    size_t length = 0;

    for (unsigned int i = 0; i < count; i++) {
        if (parts[i].iov_len > sizeof(request->body) - length) {
            errno = E2BIG;
            return false;
        }
        if (parts[i].iov_len)
            memcpy(request->body + length, parts[i].iov_base, parts[i].iov_len);
        length += parts[i].iov_len;
    }
    request->header.len = (uint32_t)length;
    return true;
}

/* True: the connection is alive and the request has its number. */
static bool begin(struct xs_handle *h, struct request *request)
{
    pthread_mutex_lock(&h->state_mutex);
    bool alive = !h->dead;
    request->header.req_id = ++h->last_request;
    pthread_mutex_unlock(&h->state_mutex);
    if (!alive)
        errno = EBADF;
    return alive;
}

static char *take_reply(struct xs_handle *h, struct xsd_sockmsg *header)
{
    if (!h->reply_ready)
        return NULL;
    char *body = h->reply_body;
    *header = h->reply_header;
    h->reply_body = NULL;
    h->reply_ready = false;
    return body;
}

static char *await_reply(struct xs_handle *h, struct xsd_sockmsg *header)
{
    if (!h->reader_runs) {
        /* Nobody else reads or delivers: the flag needs no lock. */
        while (!h->reply_ready)
            if (!xs_connection_receive(h))
                return NULL;
        return take_reply(h, header);
    }
    pthread_mutex_lock(&h->state_mutex);
    while (!h->reply_ready && !h->dead)
        pthread_cond_wait(&h->reply_arrived, &h->state_mutex);
    char *body = take_reply(h, header);
    pthread_mutex_unlock(&h->state_mutex);
    if (!body)
        errno = EBADF;
    return body;
}

char *xs_talk(struct xs_handle *h, xs_transaction_t transaction, enum xsd_sockmsg_type type, const struct iovec *parts,
              unsigned int count, unsigned int *length)
{
    struct request request;
    struct xsd_sockmsg header;

    if (!assemble(&request, parts, count))
        return NULL;
    request.header.type = type;
    request.header.tx_id = transaction;

    pthread_mutex_lock(&h->request_mutex);
    char *body = NULL;
    if (begin(h, &request)) {
        if (xs_connection_send(h, &request, sizeof(request.header) + request.header.len))
            body = await_reply(h, &header);
        if (body && header.type != XS_ERROR && header.type != (uint32_t)type) {
            free(body);
            body = NULL;
            errno = EBADF;
        }
        if (!body)
            xs_connection_mark_dead(h);
    }
    pthread_mutex_unlock(&h->request_mutex);

    if (body && header.type == XS_ERROR) {
        int error = xs_reply_errno(body);
        free(body);
        errno = error;
        return NULL;
    }
    if (body && length)
        *length = header.len;
    return body;
}

char *xs_talk_strings(struct xs_handle *h, xs_transaction_t transaction, enum xsd_sockmsg_type type,
                      const char *const *strings, unsigned int count, unsigned int *length)
{
    struct iovec parts[3];

    for (unsigned int i = 0; i < count; i++)
        parts[i] = (struct iovec){.iov_base = (void *)strings[i], .iov_len = strlen(strings[i]) + 1};
    return xs_talk(h, transaction, type, parts, count, length);
}

bool xs_talk_ok(struct xs_handle *h, xs_transaction_t transaction, enum xsd_sockmsg_type type,
                const char *const *strings, unsigned int count)
{
    return xs_talk_done(xs_talk_strings(h, transaction, type, strings, count, NULL));
}

bool xs_talk_done(char *reply)
{
    if (!reply)
        return false;
    free(reply);
    return true;
}
