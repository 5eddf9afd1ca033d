/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client library's pure parts: bytes into messages, and what replies and events say. */
#include "client/inbox.h"
#include "client/reply.h"
#include "unit.h"

#include <string.h>

static struct xs_inbox inbox;

static void feed(const void *bytes, size_t count)
{
    size_t room;
    void *space = xs_inbox_space(&inbox, &room);

    CU_ASSERT_FATAL(count <= room);
    memcpy(space, bytes, count);
    xs_inbox_filled(&inbox, count);
}

static size_t message(char *to, uint32_t request, const void *body, uint32_t length)
{
    struct xsd_sockmsg header = {.type = XS_READ, .req_id = request, .len = length};

    memcpy(to, &header, sizeof(header));
    memcpy(to + sizeof(header), body, length);
    return sizeof(header) + length;
}

static void messages_in_any_pieces(void)
{
    static char stream[200 * (16 + 60)];
    size_t length = 0, sent = 0;
    uint32_t taken = 0;
    char body[60];

    memset(&inbox, 0, sizeof(inbox));
    for (uint32_t i = 0; i < 200; i++) {
        memset(body, (int)i, sizeof(body));
        length += message(stream + length, i, body, i % sizeof(body));
    }
    while (sent < length) {
        size_t piece = 1 + unit_random_below(100);
        if (piece > length - sent)
            piece = length - sent;
        feed(stream + sent, piece);
        sent += piece;
        struct xsd_sockmsg header;
        char *got;
        while (xs_inbox_take(&inbox, &header, &got) == 1) {
            CU_ASSERT_EQUAL(header.req_id, taken);
            CU_ASSERT_EQUAL(header.len, taken % sizeof(body));
            memset(body, (int)taken, sizeof(body));
            CU_ASSERT_FALSE(memcmp(got, body, header.len));
            CU_ASSERT_EQUAL(got[header.len], 0);
            free(got);
            taken++;
        }
    }
    CU_ASSERT_EQUAL(taken, 200);
}

static void greatest_message_fits_anywhere(void)
{
    static char stream[16 + XENSTORE_PAYLOAD_MAX], body[XENSTORE_PAYLOAD_MAX];
    struct xsd_sockmsg header;
    char *got;

    memset(&inbox, 0, sizeof(inbox));
    for (int i = 0; i < 50; i++) {
        size_t length = message(stream, 1, body, XENSTORE_PAYLOAD_MAX);
        size_t first = unit_random_below(length);
        feed(stream, first);
        CU_ASSERT_EQUAL(xs_inbox_take(&inbox, &header, &got), 0);
        feed(stream + first, length - first);
        CU_ASSERT_EQUAL_FATAL(xs_inbox_take(&inbox, &header, &got), 1);
        free(got);
    }
}

static void too_long_a_message(void)
{
    struct xsd_sockmsg header = {.type = XS_READ, .len = XENSTORE_PAYLOAD_MAX + 1};
    char *got;

    memset(&inbox, 0, sizeof(inbox));
    feed(&header, sizeof(header));
    errno = 0;
    CU_ASSERT_EQUAL(xs_inbox_take(&inbox, &header, &got), -1);
    CU_ASSERT_EQUAL(errno, E2BIG);
}

static void error_names(void)
{
    CU_ASSERT_EQUAL(xs_reply_errno("ENOENT"), ENOENT);
    CU_ASSERT_EQUAL(xs_reply_errno("EPERM"), EPERM);
    CU_ASSERT_EQUAL(xs_reply_errno("E"), EINVAL);
    CU_ASSERT_EQUAL(xs_reply_errno(""), EINVAL);
}

static void lists(void)
{
    unsigned int count = 9;
    char **names = xs_reply_strings("a\0bc\0", 5, &count);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT_STRING_EQUAL(names[0], "a");
    CU_ASSERT_STRING_EQUAL(names[1], "bc");
    free(names);
    names = xs_reply_strings("", 0, &count);
    CU_ASSERT_PTR_NOT_NULL(names);
    CU_ASSERT_EQUAL(count, 0);
    free(names);
    /* The last null byte is missing: the one behind the body ends the string. */
    names = xs_reply_strings("a\0bc", 4, &count);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT_STRING_EQUAL(names[1], "bc");
    free(names);
}

static void permissions(void)
{
    unsigned int count;
    struct xs_permissions *list = xs_reply_permissions("n0\0r7\0w8\0b9\0", 12, &count);
    static const unsigned int bits[] = {0, XS_PERM_READ, XS_PERM_WRITE, XS_PERM_READ | XS_PERM_WRITE};
    static const unsigned int ids[] = {0, 7, 8, 9};

    CU_ASSERT_EQUAL_FATAL(count, 4);
    for (unsigned int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(list[i].perms, bits[i]);
        CU_ASSERT_EQUAL(list[i].id, ids[i]);
    }
    free(list);
    static const char *const bad[] = {"x0", "r", "r1x", ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        errno = 0;
        CU_ASSERT_PTR_NULL(xs_reply_permissions(bad[i], (unsigned int)strlen(bad[i]) + 1, &count));
        CU_ASSERT_EQUAL(errno, EINVAL);
    }
}

static void permissions_as_text(void)
{
    char text[16];

    CU_ASSERT(xs_reply_permission_text(&(struct xs_permissions){7, XS_PERM_READ | XS_PERM_WRITE}, text, 16));
    CU_ASSERT_STRING_EQUAL(text, "b7");
    CU_ASSERT(xs_reply_permission_text(&(struct xs_permissions){~0u, XS_PERM_WRITE | XS_PERM_IGNORE}, text, 16));
    CU_ASSERT_STRING_EQUAL(text, "w-1");
    errno = 0;
    CU_ASSERT_FALSE(xs_reply_permission_text(&(struct xs_permissions){7, XS_PERM_OWNER}, text, 16));
    CU_ASSERT_EQUAL(errno, EINVAL);
}

static void events(void)
{
    struct xs_event *event = xs_reply_event("/a\0token\0more\0", 14);

    CU_ASSERT_PTR_NOT_NULL_FATAL(event);
    CU_ASSERT_EQUAL(event->count, 3);
    CU_ASSERT_STRING_EQUAL(event->strings[XS_WATCH_PATH], "/a");
    CU_ASSERT_STRING_EQUAL(event->strings[XS_WATCH_TOKEN], "token");
    free(event->strings);
    free(event);
    errno = 0;
    CU_ASSERT_PTR_NULL(xs_reply_event("/a\0", 3));
    CU_ASSERT_EQUAL(errno, EBADF);
    CU_ASSERT_PTR_NULL(xs_reply_event("", 0));
}

static enum xs_listing_progress part(struct xs_listing *listing, const char *body, unsigned int length)
{
    char *copy = malloc(length + 1);
    memcpy(copy, body, length);
    copy[length] = 0;
    enum xs_listing_progress progress = xs_reply_listing_part(listing, copy, length);
    free(copy);
    return progress;
}

static void drop(struct xs_listing *listing)
{
    free(listing->generation);
    free(listing->strings);
    *listing = (struct xs_listing){0};
}

static void listing_in_parts(void)
{
    struct xs_listing listing = {0};

    CU_ASSERT_EQUAL(part(&listing, "17\0ab\0cd\0", 9), XS_LISTING_MORE);
    CU_ASSERT_EQUAL(part(&listing, "17\0ef\0\0", 7), XS_LISTING_COMPLETE);
    CU_ASSERT_EQUAL_FATAL(listing.length, 9);
    CU_ASSERT_FALSE(memcmp(listing.strings, "ab\0cd\0ef\0", 9));
    drop(&listing);
    /* The end may come alone, in the middle of two null bytes. */
    CU_ASSERT_EQUAL(part(&listing, "17\0ab\0", 6), XS_LISTING_MORE);
    CU_ASSERT_EQUAL(part(&listing, "17\0\0", 4), XS_LISTING_COMPLETE);
    CU_ASSERT_EQUAL(listing.length, 3);
    drop(&listing);
    CU_ASSERT_EQUAL(part(&listing, "17\0\0", 4), XS_LISTING_COMPLETE);
    CU_ASSERT_EQUAL(listing.length, 0);
    drop(&listing);
}

static void listing_of_a_changing_node(void)
{
    struct xs_listing listing = {0};

    CU_ASSERT_EQUAL(part(&listing, "17\0ab\0", 6), XS_LISTING_MORE);
    CU_ASSERT_EQUAL(part(&listing, "18\0cd\0\0", 7), XS_LISTING_RESTARTED);
    CU_ASSERT_EQUAL(listing.length, 0);
    CU_ASSERT_EQUAL(part(&listing, "18\0xy\0\0", 7), XS_LISTING_COMPLETE);
    CU_ASSERT_EQUAL(listing.length, 3);
    drop(&listing);
}

static void listing_that_makes_no_sense(void)
{
    struct xs_listing listing = {0};

    CU_ASSERT_EQUAL(part(&listing, "", 0), XS_LISTING_FAILED);
    CU_ASSERT_EQUAL(part(&listing, "17", 2), XS_LISTING_FAILED);
    /* Nothing behind the generation: it would be asked for without an end. */
    CU_ASSERT_EQUAL(part(&listing, "17\0", 3), XS_LISTING_FAILED);
    drop(&listing);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"messages in any pieces", messages_in_any_pieces},
        {"the greatest message fits anywhere", greatest_message_fits_anywhere},
        {"too long a message", too_long_a_message},
        {"error names", error_names},
        {"lists", lists},
        {"permissions", permissions},
        {"permissions as text", permissions_as_text},
        {"events", events},
        {"a listing in parts", listing_in_parts},
        {"a listing of a changing node", listing_of_a_changing_node},
        {"a listing that makes no sense", listing_that_makes_no_sense},
        CU_TEST_INFO_NULL,
    };
    return unit_run("store replies", cases);
}
