/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See request.h: watches and transactions. */
#include "xenstore/request.h"

#include "xenstore/connection.h"
#include "xenstore/journal.h"
#include "xenstore/transaction.h"
#include <string.h>

/* The two strings of a watch: its name made absolute, if it is no special one. */
static int get_watch(struct request *request, struct wire_string strings[2], struct request_name *name,
                     struct wire_string *full, unsigned *hidden)
{
    if (wire_strings(request->payload, request->length, strings, 2) != 2)
        return EINVAL;
    *full = strings[0];
    *hidden = 0;
    if (full->length && full->text[0] == '@')
        return full->length > XENSTORE_REL_PATH_MAX ? EINVAL : 0;
    int error = request_get_name(request, &strings[0], name, hidden);
    if (!error)
        *full = (struct wire_string){name->path.text, name->path.length};
    return error;
}

int request_watch(struct request *request)
{
    struct connection *connection = request->connection;
    struct watch_index *index = &request->store->watches;
    struct wire_string strings[2], full;
    struct request_name name;
    unsigned hidden, domid = connection->actor.domid;
    int error = get_watch(request, strings, &name, &full, &hidden);

    if (error)
        return error;
    if (watch_find(index, connection, full.text, full.length, strings[1].text, strings[1].length))
        return EEXIST;
    if (!connection->actor.privileged) {
        struct usage *usage = quota_usage(&request->store->quota, domid);
        if (!quota_allows(&request->store->quota, domid, QUOTA_WATCHES, usage->watches + 1))
            return E2BIG;
        if (!quota_allows(&request->store->quota, domid, QUOTA_MEMORY,
                          usage->memory + (long)(sizeof(struct watch) + full.length + strings[1].length)))
            return ENOMEM;
    }
    struct watch *watch =
        watch_add(index, connection, full.text, full.length, strings[1].text, strings[1].length, hidden);
    if (connection->ring)
        journal_put(request->store->journal, RECORD_WATCH, domid, strings[0].text, strings[0].length, strings[1].text,
                    strings[1].length);
    request_acknowledge(request);
    watch_fire_first(watch);
    return 0;
}

int request_unwatch(struct request *request)
{
    struct connection *connection = request->connection;
    struct wire_string strings[2], full;
    struct request_name name;
    unsigned hidden;
    int error = get_watch(request, strings, &name, &full, &hidden);

    if (error)
        return error == EINVAL && wire_strings(request->payload, request->length, strings, 2) == 2 ? ENOENT : error;
    struct watch *watch =
        watch_find(&request->store->watches, connection, full.text, full.length, strings[1].text, strings[1].length);
    if (!watch)
        return ENOENT;
    watch_remove(&request->store->watches, watch);
    if (connection->ring)
        journal_put(request->store->journal, RECORD_UNWATCH, connection->actor.domid, strings[0].text,
                    strings[0].length, strings[1].text, strings[1].length);
    return request_acknowledge(request);
}

int request_reset_watches(struct request *request)
{
    struct connection *connection = request->connection;

    connection_reset_watches(connection);
    if (connection->ring)
        journal_put(request->store->journal, RECORD_RESET, connection->actor.domid, NULL, 0, NULL, 0);
    return request_acknowledge(request);
}

int request_transaction_start(struct request *request)
{
    struct connection *connection = request->connection;
    struct quota *quota = &request->store->quota;
    unsigned domid = connection->actor.domid;
    char number[24];

    if (request->transaction)
        return EBUSY;
    if (!connection->actor.privileged &&
        !quota_allows(quota, domid, QUOTA_TRANSACTIONS, quota_usage(quota, domid)->transactions + 1))
        return ENOSPC;
    size_t length = wire_format_number(number, transaction_start(connection, 0)->id);
    return request_reply(request, number, length + 1);
}

int request_transaction_end(struct request *request)
{
    struct wire_string verdict;

    if (!wire_one_string(request->payload, request->length, &verdict) || verdict.length != 1 ||
        (verdict.text[0] != 'T' && verdict.text[0] != 'F'))
        return EINVAL;
    if (!request->transaction)
        return ENOENT;
    if (verdict.text[0] == 'F') {
        transaction_abort(request->connection, request->transaction);
        return request_acknowledge(request);
    }
    int error = transaction_commit(request->connection, request->transaction);
    return error ? error : request_acknowledge(request);
}
