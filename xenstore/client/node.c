/* SPDX-License-Identifier: MIT */
/* Requests about nodes and transactions: each is one request on the wire, but for directories of many children. */
#include "client/handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list that changes each time while it is read is given up after so many tries. */
#define LISTING_TRIES 1000

static bool on_path(struct xs_handle *h, xs_transaction_t t, enum xsd_sockmsg_type type, const char *path)
{
    return xs_talk_ok(h, t, type, &path, 1);
}

static void free_listing(struct xs_listing *listing)
{
    int saved = errno;

    free(listing->generation);
    free(listing->strings);
    errno = saved;
}

static char **directory_in_parts(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *num)
{
    struct xs_listing listing = {0};
    char **names = NULL;

    for (unsigned int restarts = 0;;) {
        char offset[24];
        unsigned int length;
        snprintf(offset, sizeof(offset), "%zu", listing.length);
        char *part = xs_talk_strings(h, t, XS_DIRECTORY_PART, (const char *[]){path, offset}, 2, &length);
        if (!part) {
            /* A store that cannot do it leaves the answer to the first request as it was. */
            if (errno == ENOSYS)
                errno = E2BIG;
            break;
        }
        enum xs_listing_progress progress = xs_reply_listing_part(&listing, part, length);
        xs_free_keeping_errno(part);
        if (progress == XS_LISTING_COMPLETE)
            names = xs_reply_strings(listing.strings, (unsigned int)listing.length, num);
        if (progress == XS_LISTING_RESTARTED && ++restarts == LISTING_TRIES) {
            errno = EAGAIN;
            break;
        }
        if (progress == XS_LISTING_COMPLETE || progress == XS_LISTING_FAILED)
            break;
    }
    free_listing(&listing);
    return names;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *num)
{
    unsigned int length;
    char *body = xs_talk_strings(h, t, XS_DIRECTORY, &path, 1, &length);

    if (!body)
        return errno == E2BIG ? directory_in_parts(h, t, path, num) : NULL;
    char **names = xs_reply_strings(body, length, num);
    xs_free_keeping_errno(body);
    return names;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
    return xs_talk_strings(h, t, XS_READ, &path, 1, len);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data, unsigned int len)
{
    const struct iovec parts[] = {{(void *)path, strlen(path) + 1}, {(void *)data, len}};

    return xs_talk_done(xs_talk(h, t, XS_WRITE, parts, 2, NULL));
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return on_path(h, t, XS_MKDIR, path);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return on_path(h, t, XS_RM, path);
}

struct xs_permissions *xs_get_permissions(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *num)
{
    unsigned int length;
    char *body = xs_talk_strings(h, t, XS_GET_PERMS, &path, 1, &length);

    if (!body)
        return NULL;
    struct xs_permissions *permissions = xs_reply_permissions(body, length, num);
    xs_free_keeping_errno(body);
    return permissions;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path, struct xs_permissions *perms,
                        unsigned int num_perms)
{
    char body[XENSTORE_PAYLOAD_MAX];
    size_t length = strlen(path) + 1;

    if (length > sizeof(body)) {
        errno = E2BIG;
        return false;
    }
    memcpy(body, path, length);
    for (unsigned int i = 0; i < num_perms; i++) {
        char text[MAX_STRLEN(unsigned int) + 1];
        if (!xs_reply_permission_text(&perms[i], text, sizeof(text)))
            return false;
        size_t size = strlen(text) + 1;
        if (size > sizeof(body) - length) {
            errno = E2BIG;
            return false;
        }
        memcpy(body + length, text, size);
        length += size;
    }
    return xs_talk_done(xs_talk(h, t, XS_SET_PERMS, &(struct iovec){body, length}, 1, NULL));
}

/* The protocol had a request for this once; it is gone, and the answer is always no. */
bool xs_restrict(struct xs_handle *h, unsigned int domid)
{
    (void)h;
    (void)domid;
    return false;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    const char *nothing = "";
    char *id = xs_talk_strings(h, XBT_NULL, XS_TRANSACTION_START, &nothing, 1, NULL);

    if (!id)
        return XBT_NULL;
    xs_transaction_t transaction = (xs_transaction_t)strtoul(id, NULL, 0);
    free(id);
    return transaction;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
    return on_path(h, t, XS_TRANSACTION_END, abort ? "F" : "T");
}

char *xs_control_command(struct xs_handle *h, const char *cmd, void *data, unsigned int len)
{
    const struct iovec parts[] = {{(void *)cmd, strlen(cmd) + 1}, {data, len}};

    return xs_talk(h, XBT_NULL, XS_CONTROL, parts, 2, NULL);
}

char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data, unsigned int len)
{
    return xs_control_command(h, cmd, data, len);
}
