/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of <xenstore.h> that dom0's tools use, on a store inside of the test, without sockets. Whoever waits
 * for an event when there is none gives the others their turn: store_others, which plays back ends and guests by asking
 * with handles of its own. It returns false when it has nothing to do.
 */
#ifndef HAVEN_TESTS_STORE_IN_PROCESS_H
#define HAVEN_TESTS_STORE_IN_PROCESS_H

#include "unit.h"
#include "xenstore/connection.h"
#include "xenstore/request.h"
#include "xenstore/store.h"
#include <errno.h>
#include <string.h>
#include <xenstore.h>

struct xs_handle {
    struct connection connection;
    unsigned events; /* taken from the connection, and not yet by the user */
    char reply[XENSTORE_PAYLOAD_MAX + 1];
    size_t length;
};

static bool (*store_others)(void);

static struct store in_process_store;

static bool any_domain(void *context, unsigned domid)
{
    (void)context;
    return domid < 0x7ff0;
}

static void store_begin(void)
{
    static const struct store_host host = {.exists = any_domain, .introduced = any_domain};

    store_init(&in_process_store);
    in_process_store.host = &host;
    store_others = NULL;
}

static void handle_begin(struct xs_handle *h, unsigned domid)
{
    connection_init(&h->connection, &in_process_store, domid, false);
    h->events = 0;
}

static void handle_end(struct xs_handle *h)
{
    connection_close(&h->connection);
}

/* Takes all that waits for the handle: counts events; true if there was a reply, which is in h then. */
static bool take(struct xs_handle *h, uint32_t *type)
{
    struct output *out = &h->connection.out;
    bool replied = false;

    while (output_waiting(out)) {
        struct xsd_sockmsg header;
        memcpy(&header, out->bytes + out->start, sizeof(header));
        if (header.type == XS_WATCH_EVENT) {
            h->events++;
        } else {
            memcpy(h->reply, out->bytes + out->start + sizeof(header), header.len);
            h->reply[header.len] = '\0';
            h->length = header.len;
            *type = header.type;
            replied = true;
        }
        output_taken(out, sizeof(header) + header.len);
    }
    return replied;
}

static bool ask(struct xs_handle *h, uint32_t type, xs_transaction_t t, const void *payload, size_t length)
{
    struct xsd_sockmsg header = {.type = type, .tx_id = t, .len = (uint32_t)length};
    char *copy = malloc(length + 1);
    uint32_t answer = 0;

    memcpy(copy, payload, length);
    request_handle(&h->connection, &header, copy);
    free(copy);
    CU_ASSERT_TRUE_FATAL(take(h, &answer));
    if (answer != XS_ERROR)
        return true;
    errno = EINVAL;
    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
        if (strcmp(xsd_errors[i].errstring, h->reply) == 0)
            errno = xsd_errors[i].errnum;
    return false;
}

static bool ask_text(struct xs_handle *h, uint32_t type, xs_transaction_t t, const char *text)
{
    return ask(h, type, t, text, strlen(text) + 1);
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
    if (!ask_text(h, XS_READ, t, path))
        return NULL;
    if (len)
        *len = (unsigned)h->length;
    return memcpy(calloc(1, h->length + 1), h->reply, h->length);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data, unsigned int len)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    size_t length = strlen(path) + 1;

    CU_ASSERT_TRUE_FATAL(length + len <= XENSTORE_PAYLOAD_MAX);
    memcpy(payload, path, length);
    memcpy(payload + length, data, len);
    return ask(h, XS_WRITE, t, payload, length + len);
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return ask_text(h, XS_MKDIR, t, path);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return ask_text(h, XS_RM, t, path);
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *num)
{
    unsigned count = 0;

    *num = 0;
    if (!ask_text(h, XS_DIRECTORY, t, path))
        return NULL;
    for (size_t i = 0; i < h->length; i++)
        count += h->reply[i] == '\0';
    char **list = malloc(count * sizeof(*list) + h->length + 1), *text = (char *)(list + count);
    memcpy(text, h->reply, h->length);
    for (unsigned i = 0; i < count; i++, text += strlen(text) + 1)
        list[i] = text;
    *num = count;
    return list;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path, struct xs_permissions *perms,
                        unsigned int num_perms)
{
    char payload[512];
    size_t length = strlen(path) + 1;

    memcpy(payload, path, length);
    for (unsigned i = 0; i < num_perms; i++) {
        unsigned p = perms[i].perms;
        char letter = p == XS_PERM_NONE ? 'n' : p == XS_PERM_READ ? 'r' : p == XS_PERM_WRITE ? 'w' : 'b';
        length += (size_t)sprintf(payload + length, "%c%u", letter, perms[i].id) + 1;
    }
    return ask(h, XS_SET_PERMS, t, payload, length);
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    return ask(h, XS_TRANSACTION_START, XBT_NULL, "", 1) ? (xs_transaction_t)strtoul(h->reply, NULL, 10) : XBT_NULL;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool cancel)
{
    return ask_text(h, XS_TRANSACTION_END, t, cancel ? "F" : "T");
}

static bool watch(struct xs_handle *h, uint32_t type, const char *path, const char *token)
{
    char payload[512];
    int length = snprintf(payload, sizeof(payload), "%s%c%s", path, 0, token);

    return ask(h, type, XBT_NULL, payload, (size_t)length + 1);
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    return watch(h, XS_WATCH, path, token);
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    return watch(h, XS_UNWATCH, path, token);
}

char **xs_check_watch(struct xs_handle *h)
{
    uint32_t type;

    take(h, &type);
    while (!h->events && store_others && store_others())
        take(h, &type);
    if (h->events) {
        h->events--;
        return calloc(1, sizeof(char *));
    }
    errno = EAGAIN;
    return NULL;
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
    (void)h;
    (void)domid;
    return strdup("/");
}

int xs_fileno(struct xs_handle *h)
{
    (void)h;
    return -1;
}

struct xs_handle *xs_open(unsigned long flags)
{
    (void)flags;
    return NULL;
}

void xs_close(struct xs_handle *h)
{
    (void)h;
}

#endif
