/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of three clients, two of them unprivileged domains, in any order. After each input what the quotas have
 * counted must be what the tree holds, and every reply must be well formed.
 *
 * build: xenstore/request*.c xenstore/store.c xenstore/transaction.c xenstore/tree.c xenstore/children.c
 * build: xenstore/watch.c xenstore/connection.c xenstore/quota.c xenstore/perms.c xenstore/path.c xenstore/wire.c
 * build: xenstore/journal.c xenstore/memory.c tests/fuzz/store_log.c
 */
#include "xenstore/connection.h"
#include "xenstore/request.h"
#include "xenstore/store.h"
#include <stdlib.h>
#include <string.h>

#define CLIENTS 3

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct counted {
    long nodes[16];
};

static bool count(void *context, const struct path *path, struct node *node)
{
    struct counted *counted = context;
    unsigned owner = node->perms->entry[0].domid;
    (void)path;

    if (owner < 16)
        counted->nodes[owner]++;
    return true;
}

static void check_store(struct store *store)
{
    struct counted counted = {{0}};

    store_walk(&store->tree, count, &counted);
    for (unsigned domid = 0; domid < 16; domid++)
        if (quota_look(&store->quota, domid) ? quota_look(&store->quota, domid)->nodes != counted.nodes[domid]
                                             : counted.nodes[domid])
            abort();
}

/* All that waits is whole messages. */
static void check_output(struct connection *client)
{
    struct output *out = &client->out;

    while (output_waiting(out)) {
        int length = wire_message_length(out->bytes + out->start, output_waiting(out));
        if (length <= 0 || (size_t)length > output_waiting(out))
            abort();
        output_taken(out, length);
    }
}

static bool exists(void *context, unsigned domid)
{
    (void)context;
    return domid < 8;
}
static bool introduced(void *context, unsigned domid)
{
    (void)context;
    return domid < 3;
}
static int refuse_introduce(void *context, unsigned domid, uint64_t gfn, uint32_t port)
{
    (void)context, (void)domid, (void)gfn, (void)port;
    return EINVAL;
}
static int forget(void *context, unsigned domid)
{
    if (domid < 3)
        return EBUSY; /* they are our clients */
    store_forget_domain(context, domid);
    return 0;
}
static int refuse_target(void *context, unsigned domid, unsigned target)
{
    (void)context, (void)domid, (void)target;
    return ENOENT;
}

/* A message is: client and type in one byte, transaction, length in two, payload. */
static size_t ask(struct connection *clients, const uint8_t *bytes, size_t size)
{
    struct xsd_sockmsg header = {
        .type = bytes[0] & 31, .tx_id = bytes[1] & 3, .len = (bytes[2] | bytes[3] << 8) & 0x7ff};

    if (header.len > size - 4)
        header.len = size - 4;
    char *payload = malloc(header.len + !header.len);
    memcpy(payload, bytes + 4, header.len);
    bool touches_files =
        header.type == XS_CONTROL && (memchr(payload, 'f', header.len) || memchr(payload, 'm', header.len));
    if (!touches_files)
        request_handle(&clients[(bytes[0] >> 5) % CLIENTS], &header, payload);
    free(payload);
    return 4 + header.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct store_host host = {
        .exists = exists,
        .introduced = introduced,
        .introduce = refuse_introduce,
        .release = forget,
        .resume = forget,
        .set_target = refuse_target,
    };
    static struct store store;
    static struct connection clients[CLIENTS];

    store_init(&store);
    store.host = &host;
    store.host_context = &store;
    for (unsigned i = 0; i < CLIENTS; i++)
        connection_init(&clients[i], &store, i, false);
    while (size >= 4) {
        size_t used = ask(clients, bytes, size);
        bytes += used;
        size -= used;
        if (output_waiting(&clients[0].out) > 100000)
            check_output(&clients[0]);
    }
    check_store(&store);
    for (unsigned i = 0; i < CLIENTS; i++) {
        check_output(&clients[i]);
        connection_close(&clients[i]);
    }
    if (store.watches.count)
        abort();
    store_free(&store);
    return 0;
}
