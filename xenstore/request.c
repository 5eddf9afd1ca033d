/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See request.h: the table of requests, and what many of them do. */
#include "xenstore/request.h"

#include "xenstore/connection.h"
#include "xenstore/log.h"
#include "xenstore/transaction.h"
#include <string.h>

enum { IGNORES_TRANSACTION = 1, PRIVILEGED = 2 };

static const struct {
    int (*handle)(struct request *request);
    unsigned flags;
} requests[XS_TYPE_COUNT] = {
    [XS_CONTROL] = {request_control, PRIVILEGED},
    [XS_DIRECTORY] = {request_directory, 0},
    [XS_READ] = {request_read, 0},
    [XS_GET_PERMS] = {request_get_perms, 0},
    [XS_WATCH] = {request_watch, IGNORES_TRANSACTION},
    [XS_UNWATCH] = {request_unwatch, IGNORES_TRANSACTION},
    [XS_TRANSACTION_START] = {request_transaction_start, 0},
    [XS_TRANSACTION_END] = {request_transaction_end, 0},
    [XS_INTRODUCE] = {request_introduce, PRIVILEGED},
    [XS_RELEASE] = {request_release, PRIVILEGED},
    [XS_GET_DOMAIN_PATH] = {request_get_domain_path, 0},
    [XS_WRITE] = {request_write, 0},
    [XS_MKDIR] = {request_mkdir, 0},
    [XS_RM] = {request_remove, 0},
    [XS_SET_PERMS] = {request_set_perms, 0},
    [XS_IS_DOMAIN_INTRODUCED] = {request_is_introduced, PRIVILEGED},
    [XS_RESUME] = {request_resume, PRIVILEGED},
    [XS_SET_TARGET] = {request_set_target, PRIVILEGED},
    [XS_RESET_WATCHES] = {request_reset_watches, 0},
    [XS_DIRECTORY_PART] = {request_directory_part, 0},
};

static int dispatch(struct request *request)
{
    const struct xsd_sockmsg *header = request->header;

    if (header->type >= XS_TYPE_COUNT || !requests[header->type].handle)
        return ENOSYS;
    if (requests[header->type].flags & PRIVILEGED && !request_is_privileged(request))
        return EACCES;
    if (header->tx_id && !(requests[header->type].flags & IGNORES_TRANSACTION)) {
        request->transaction = transaction_find(request->connection, header->tx_id);
        if (!request->transaction)
            return ENOENT;
    }
    return requests[header->type].handle(request);
}

void request_handle(struct connection *connection, const struct xsd_sockmsg *header, const char *payload)
{
    struct request request = {.connection = connection,
                              .store = connection->store,
                              .header = header,
                              .payload = payload,
                              .length = header->len};

    if (log_tracing())
        log_trace_message("IN", connection, wire_type_name(header->type), payload, header->len);
    connection->store->requests++;
    int error = dispatch(&request);
    if (error) {
        const char *name = wire_error_name(error);
        connection_reply(connection, XS_ERROR, header->req_id, header->tx_id, name, strlen(name) + 1);
    }
}

int request_reply(struct request *request, const void *payload, size_t length)
{
    const struct xsd_sockmsg *header = request->header;

    if (length > XENSTORE_PAYLOAD_MAX)
        return E2BIG;
    connection_reply(request->connection, header->type, header->req_id, header->tx_id, payload, length);
    return 0;
}

int request_acknowledge(struct request *request)
{
    return request_reply(request, "OK", 3);
}

bool request_is_privileged(const struct request *request)
{
    return request->connection->actor.privileged;
}

struct tree *request_tree(struct request *request)
{
    return request->transaction ? &request->transaction->view : &request->store->tree;
}

int request_get_name(struct request *request, const struct wire_string *string, struct request_name *name,
                     unsigned *hidden)
{
    const struct connection *connection = request->connection;
    const char *text = string->text;
    size_t length = string->length;

    *hidden = 0;
    if (length && text[0] != '/' && text[0] != '@') {
        *hidden = connection->base_length + 1;
        if (length + *hidden > PATH_LENGTH_MAX)
            return EINVAL;
        memcpy(name->text, connection->base, connection->base_length);
        name->text[connection->base_length] = '/';
        memcpy(name->text + *hidden, text, length);
        text = name->text;
        length += *hidden;
    }
    return path_parse(&name->path, text, length, request->store->quota.limit[QUOTA_PATH]) ? 0 : EINVAL;
}
