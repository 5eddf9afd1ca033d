/* SPDX-License-Identifier: MIT */
/* See inbox.h.  A message that is longer than the protocol allows ends the connection: there is no way to find the
 * start of the next one. */
#include "client/inbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *xs_inbox_space(struct xs_inbox *inbox, size_t *room)
{
    if (inbox->start == inbox->end) {
        inbox->start = inbox->end = 0;
    } else if (XS_INBOX_SIZE - inbox->end < sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX) {
        memmove(inbox->bytes, inbox->bytes + inbox->start, inbox->end - inbox->start);
        inbox->end -= inbox->start;
        inbox->start = 0;
    }
    *room = XS_INBOX_SIZE - inbox->end;
    return inbox->bytes + inbox->end;
}

void xs_inbox_filled(struct xs_inbox *inbox, size_t count)
{
    inbox->end += count;
}

int xs_inbox_take(struct xs_inbox *inbox, struct xsd_sockmsg *header, char **body)
{
    size_t held = inbox->end - inbox->start;

    if (held < sizeof(*header))
        return 0;
    memcpy(header, inbox->bytes + inbox->start, sizeof(*header));
    if (header->len > XENSTORE_PAYLOAD_MAX) {
        errno = E2BIG;
        return -1;
    }
    if (held < sizeof(*header) + header->len)
        return 0;
    *body = malloc(header->len + 1);
    if (!*body)
        return -1;
    memcpy(*body, inbox->bytes + inbox->start + sizeof(*header), header->len);
    (*body)[header->len] = 0;
    inbox->start += sizeof(*header) + header->len;
    return 1;
}
