/* SPDX-License-Identifier: MIT */
/* Bytes from the store, cut into messages.  Pure: the caller does the reading. */
#ifndef HAVEN_XENSTORE_CLIENT_INBOX_H
#define HAVEN_XENSTORE_CLIENT_INBOX_H

#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

/* Room for two messages of the greatest size: a read is rarely cut short by the buffer. */
#define XS_INBOX_SIZE (2 * (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX))

struct xs_inbox {
    size_t start, end; /* the bytes not yet taken */
    char bytes[XS_INBOX_SIZE];
};

/* Where the next bytes go, and how many may: never 0. */
void *xs_inbox_space(struct xs_inbox *inbox, size_t *room);
void xs_inbox_filled(struct xs_inbox *inbox, size_t count);

/*
 * Takes the first message: 1, with *body on the heap and a null byte behind it; 0 when it is not complete yet; -1 with
 * errno when the stream makes no sense (E2BIG) or there is no memory, after which the connection is of no use.
 */
int xs_inbox_take(struct xs_inbox *inbox, struct xsd_sockmsg *header, char **body);

#endif
