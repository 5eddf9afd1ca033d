/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile domain's ring: it writes any bytes to the page, indices included, between the server's looks at it.
 *
 * build: xenstore/request*.c xenstore/store.c xenstore/transaction.c xenstore/tree.c xenstore/children.c
 * build: xenstore/watch.c xenstore/connection.c xenstore/quota.c xenstore/perms.c xenstore/path.c xenstore/wire.c
 * build: xenstore/ring.c xenstore/journal.c xenstore/memory.c tests/fuzz/store_log.c
 */
#include "xenstore/ring.h"
#include "xenstore/store.h"
#include <stddef.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static union {
    struct xenstore_domain_interface interface;
    char bytes[4096];
} page;

/* Puts bytes where the server expects the next request, as a well-behaved domain would. */
static void send(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        page.interface.req[MASK_XENSTORE_IDX(page.interface.req_prod + i)] = bytes[i];
    page.interface.req_prod += length;
}

/* One step: what the domain does, then what the server does. */
static size_t step(struct ring *ring, const uint8_t *bytes, size_t size)
{
    size_t length = bytes[1] < size - 2 ? bytes[1] : size - 2;

    switch (bytes[0] % 8) {
    case 0: /* writes somewhere behind the data, where the indices are */
        memcpy(page.bytes + 2048 + bytes[0] / 8, bytes + 2, length < 64 ? length : 64);
        break;
    case 1:
        page.interface.rsp_cons = page.interface.rsp_prod;
        length = 0;
        break;
    case 2:
        ring_reset(ring);
        length = 0;
        break;
    default:
        send(bytes + 2, length);
    }
    if (ring_wants_reconnect(ring))
        ring_reset(ring);
    while (ring_handle_one(ring))
        ;
    ring_finish_reset(ring);
    ring_send(ring);
    return 2 + length;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct store store;
    static struct ring ring;

    store_init(&store);
    memset(&page, 0, sizeof(page));
    memset(&ring, 0, sizeof(ring));
    connection_init(&ring.connection, &store, 1, true);
    ring_start(&ring, &page.interface);
    while (size >= 2) {
        size_t used = step(&ring, bytes, size);
        bytes += used;
        size -= used;
    }
    connection_close(&ring.connection);
    store_free(&store);
    return 0;
}
