/* SPDX-License-Identifier: MIT */
/* What replies and events say.  Pure; each body has a null byte behind its length, as the inbox makes them. */
#ifndef HAVEN_XENSTORE_CLIENT_REPLY_H
#define HAVEN_XENSTORE_CLIENT_REPLY_H

#include <stdbool.h>
#include <xenstore.h>

struct xs_event {
    struct xs_event *next;
    unsigned int count; /* of strings: at least 2 */
    char **strings;     /* one block on the heap: what xs_read_watch() returns */
};

/* The list of children of a node that is asked for in parts. */
struct xs_listing {
    char *generation; /* of the node, told with each part: when it changes, the parts do not fit together */
    char *strings;
    size_t length;
};

enum xs_listing_progress { XS_LISTING_MORE, XS_LISTING_COMPLETE, XS_LISTING_RESTARTED, XS_LISTING_FAILED };

/* The number behind an error's name; EINVAL for a name that is not known. */
int xs_reply_errno(const char *name);

/* The strings in a body, as an array of pointers and the bytes in one block; *count may become 0. */
char **xs_reply_strings(const char *body, unsigned int length, unsigned int *count);

struct xs_permissions *xs_reply_permissions(const char *body, unsigned int length, unsigned int *count);

/* NULL with errno: EBADF when it is no event. */
struct xs_event *xs_reply_event(const char *body, unsigned int length);

/* Takes the next part in; the listing starts as all zeroes.  FAILED leaves errno. */
enum xs_listing_progress xs_reply_listing_part(struct xs_listing *listing, const char *body, unsigned int length);

/* Writes what the protocol calls one permission, such as "r7"; false when it is none. */
bool xs_reply_permission_text(const struct xs_permissions *permission, char *text, size_t size);

#endif
