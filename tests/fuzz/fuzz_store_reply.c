/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a store may send to the client library: any bytes, in any pieces, read as messages, and each body read as every
 * kind of reply.  Strings that come out must lie in their block and lists must end; and values as the command line
 * shows them must come back as they were.
 *
 * build: -iquote xenstore xenstore/client/inbox.c xenstore/client/reply.c xenstore/cli/value.c
 */
#include "cli/value.h"
#include "client/inbox.h"
#include "client/reply.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

static size_t total_length(char **strings, unsigned int count)
{
    size_t length = 0;

    for (unsigned int i = 0; i < count; i++)
        length += strlen(strings[i]) + 1;
    return length;
}

static void check_strings(const char *body, unsigned int length)
{
    unsigned int count = ~0u;
    char **strings = xs_reply_strings(body, length, &count);

    check(strings != NULL);
    size_t total = total_length(strings, count);
    check(total == length || total == length + 1);
    free(strings);
}

static void check_event(const char *body, unsigned int length)
{
    struct xs_event *event = xs_reply_event(body, length);

    if (!event)
        return;
    check(event->count >= 2 && total_length(event->strings, event->count) >= length);
    free(event->strings);
    free(event);
}

static void check_permissions(const char *body, unsigned int length)
{
    unsigned int count = ~0u;
    struct xs_permissions *permissions = xs_reply_permissions(body, length, &count);

    for (unsigned int i = 0; permissions && i < count; i++) {
        char text[16];
        check(xs_reply_permission_text(&permissions[i], text, sizeof(text)));
    }
    free(permissions);
}

static void check_listing(struct xs_listing *listing, const char *body, unsigned int length)
{
    size_t before = listing->length;
    enum xs_listing_progress progress = xs_reply_listing_part(listing, body, length);

    if (progress == XS_LISTING_MORE)
        check(listing->length > before);
    if (progress == XS_LISTING_COMPLETE)
        check_strings(listing->strings, (unsigned int)listing->length);
    if (progress == XS_LISTING_MORE)
        return;
    free(listing->generation);
    free(listing->strings);
    *listing = (struct xs_listing){0};
}

static void check_value(const char *body, unsigned int length)
{
    size_t back_length;
    char *text = value_escape(body, length), *back = value_unescape(text, &back_length);

    check(back_length == length && !memcmp(back, body, length));
    free(back);
    back = value_unescape(body, &back_length);
    check(back_length <= strlen(body) + 1);
    free(back);
    free(text);
}

/* The first byte says how large the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xs_inbox *inbox = calloc(1, sizeof(*inbox));
    struct xs_listing listing = {0};
    struct xsd_sockmsg header;
    char *body;
    int taken = 0;
    size_t piece = size ? 1 + data[0] * 16u : 1;

    for (size_t at = size ? 1 : 0; at < size && taken >= 0;) {
        size_t room, count = size - at < piece ? size - at : piece;
        void *space = xs_inbox_space(inbox, &room);
        check(room > 0);
        count = count < room ? count : room;
        memcpy(space, data + at, count);
        xs_inbox_filled(inbox, count);
        at += count;
        while ((taken = xs_inbox_take(inbox, &header, &body)) > 0) {
            xs_reply_errno(body);
            check_strings(body, header.len);
            check_event(body, header.len);
            check_permissions(body, header.len);
            check_listing(&listing, body, header.len);
            check_value(body, header.len);
            free(body);
        }
    }
    free(listing.generation);
    free(listing.strings);
    free(inbox);
    return 0;
}
