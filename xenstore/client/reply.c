/* SPDX-License-Identifier: MIT */
/*
 * See reply.h.  The store is trusted with the content, but not with the form: whatever comes, no byte outside the body
 * is read, and sizes cannot overflow, because a body has at most XENSTORE_PAYLOAD_MAX bytes and a listing is bounded.
 */
#include "client/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More names than a node can have children by any quota: a store that sends more has lost its way. */
#define LISTING_MAX (64u << 20)

int xs_reply_errno(const char *name)
{
    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
        if (!strcmp(name, xsd_errors[i].errstring))
            return xsd_errors[i].errnum;
    return EINVAL;
}

/* A last string without its null byte counts: the byte behind the body ends it. */
static size_t count_strings(const char *body, size_t length)
{
    size_t count = 0;

    for (size_t at = 0; at < length; at += strnlen(body + at, length - at) + 1)
        count++;
    return count;
}

static char **split(const char *body, size_t length, unsigned int *count)
{
    size_t n = count_strings(body, length);
    char **strings = malloc(n * sizeof(*strings) + length + 1);

    if (!strings)
        return NULL;
    char *bytes = (char *)(strings + n);
    memcpy(bytes, body, length);
    bytes[length] = 0;
    for (size_t i = 0; i < n; i++) {
        strings[i] = bytes;
        bytes += strlen(bytes) + 1;
    }
    *count = (unsigned int)n;
    return strings;
}

char **xs_reply_strings(const char *body, unsigned int length, unsigned int *count)
{
    return split(body, length, count);
}

struct xs_permissions *xs_reply_permissions(const char *body, unsigned int length, unsigned int *count)
{
    unsigned int n = (unsigned int)count_strings(body, length);
    struct xs_permissions *permissions = malloc((n ? n : 1) * sizeof(*permissions));

    if (!permissions)
        return NULL;
    if (!xs_strings_to_perms(permissions, n, body)) {
        free(permissions);
        errno = EINVAL;
        return NULL;
    }
    *count = n;
    return permissions;
}

struct xs_event *xs_reply_event(const char *body, unsigned int length)
{
    struct xs_event *event = malloc(sizeof(*event));

    if (!event)
        return NULL;
    event->next = NULL;
    event->strings = split(body, length, &event->count);
    if (event->strings && event->count > XS_WATCH_TOKEN)
        return event;
    if (event->strings)
        errno = EBADF;
    int saved = errno;
    free(event->strings);
    free(event);
    errno = saved;
    return NULL;
}

static bool same_generation(struct xs_listing *listing, const char *generation)
{
    if (!listing->generation)
        return (listing->generation = strdup(generation));
    return !strcmp(listing->generation, generation);
}

/*
 * A part is the generation, then names from the offset that was asked for; an empty name ends the list.  Its null byte
 * is then the second of two in a row, or the first byte of all.
 */
enum xs_listing_progress xs_reply_listing_part(struct xs_listing *listing, const char *body, unsigned int length)
{
    size_t generation = strnlen(body, length);
    bool first = !listing->generation;

    if (generation == length) {
        errno = EBADF;
        return XS_LISTING_FAILED;
    }
    if (!same_generation(listing, body)) {
        if (first)
            return XS_LISTING_FAILED;
        free(listing->generation);
        free(listing->strings);
        *listing = (struct xs_listing){0};
        return XS_LISTING_RESTARTED;
    }
    const char *names = body + generation + 1;
    size_t size = length - generation - 1;
    if (!size || listing->length + size > LISTING_MAX) {
        errno = size ? E2BIG : EBADF;
        return XS_LISTING_FAILED;
    }
    char *strings = realloc(listing->strings, listing->length + size + 1);
    if (!strings)
        return XS_LISTING_FAILED;
    memcpy(strings + listing->length, names, size);
    listing->strings = strings;
    listing->length += size;
    strings[listing->length] = 0;
    bool ends = !strings[listing->length - 1] && (listing->length == 1 || !strings[listing->length - 2]);
    if (!ends)
        return XS_LISTING_MORE;
    listing->length--;
    return XS_LISTING_COMPLETE;
}

bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num, const char *strings)
{
    static const struct {
        char letter;
        unsigned int bits;
    } letters[] = {{'n', XS_PERM_NONE}, {'r', XS_PERM_READ}, {'w', XS_PERM_WRITE}, {'b', XS_PERM_READ | XS_PERM_WRITE}};
    const size_t known = sizeof(letters) / sizeof(letters[0]);

    for (unsigned int i = 0; i < num; i++) {
        size_t letter = 0;
        while (letter < known && letters[letter].letter != *strings)
            letter++;
        char *end = NULL;
        long id = letter < known ? strtol(strings + 1, &end, 0) : 0;
        if (letter == known || *end || !strings[1]) {
            errno = EINVAL;
            return false;
        }
        perms[i] = (struct xs_permissions){.id = (unsigned int)id, .perms = letters[letter].bits};
        strings = end + 1;
    }
    return true;
}

bool xs_reply_permission_text(const struct xs_permissions *permission, char *text, size_t size)
{
    static const char letters[] = {
        [XS_PERM_NONE] = 'n', [XS_PERM_READ] = 'r', [XS_PERM_WRITE] = 'w', [XS_PERM_READ | XS_PERM_WRITE] = 'b'};
    unsigned int bits = permission->perms & ~(unsigned int)XS_PERM_IGNORE;

    if (bits >= sizeof(letters)) {
        errno = EINVAL;
        return false;
    }
    snprintf(text, size, "%c%i", letters[bits], (int)permission->id);
    return true;
}
