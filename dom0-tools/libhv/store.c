/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See store.h. */
#include "libhv/store.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RESTART_MS 10000 /* how long a restart of the server may take */

/* Nobody tells the library's user that the server went away: a round trip does. */
static bool connected(struct xs_handle *xs)
{
    char *root = xs_get_domain_path(xs, 0);
    free(root);
    return root != NULL;
}

struct xs_handle *store_open(void)
{
    const char *directory = getenv("XENSTORED_RUNDIR");
    char path[256];
    snprintf(path, sizeof(path), "%s/socket", directory ? directory : "/run/xenstored");
    setenv("XENSTORED_PATH", path, false); /* the library takes it for the one and only place */
    /* Nobody listens at the socket of a server which died, and one that is dying may still take a connection, which
     * only an answer tells from a good one: whoever watches the server starts the next one. */
    for (int64_t end = store_now_ms() + RESTART_MS;; poll(NULL, 0, 20)) {
        struct xs_handle *xs = xs_open(0);
        if (xs && connected(xs))
            return xs;
        int error = xs ? ECONNRESET : errno;
        if (xs)
            xs_close(xs);
        errno = error;
        if ((error != ECONNREFUSED && error != ECONNRESET) || store_now_ms() > end)
            return NULL;
    }
}

/* XENSTORE_ABS_PATH_MAX, the longest path of the protocol. */
#define PATH_LIMIT 3072

static bool format_path(char path[PATH_LIMIT + 1], const char *format, va_list args)
{
    int n = vsnprintf(path, PATH_LIMIT + 1, format, args);
    if (n >= 0 && n <= PATH_LIMIT)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

static char *read_path(struct xs_handle *xs, xs_transaction_t t, const char *format, va_list args)
{
    char path[PATH_LIMIT + 1];
    return format_path(path, format, args) ? xs_read(xs, t, path, NULL) : NULL;
}

char *store_read(struct xs_handle *xs, xs_transaction_t t, const char *path, ...)
{
    va_list args;
    va_start(args, path);
    char *text = read_path(xs, t, path, args);
    va_end(args);
    return text;
}

bool store_read_number(struct xs_handle *xs, xs_transaction_t t, uint64_t *value, const char *path, ...)
{
    va_list args;
    va_start(args, path);
    char *text = read_path(xs, t, path, args), *end = text;
    va_end(args);
    if (!text)
        return false;
    errno = 0;
    uint64_t n = isdigit((unsigned char)text[0]) ? strtoull(text, &end, 0) : 0;
    bool good = end != text && !*end && !errno;
    free(text);
    if (good)
        *value = n;
    else
        errno = EINVAL;
    return good;
}

bool store_write(struct xs_handle *xs, xs_transaction_t t, const char *path, const char *value)
{
    return xs_write(xs, t, path, value, (unsigned)strlen(value));
}

bool store_exists(struct xs_handle *xs, xs_transaction_t t, const char *path, ...)
{
    va_list args;
    va_start(args, path);
    char *text = read_path(xs, t, path, args);
    va_end(args);
    free(text);
    return text != NULL;
}

char *store_domain_name(struct xs_handle *xs, unsigned domid)
{
    return store_read(xs, XBT_NULL, "/local/domain/%u/name", domid);
}

int store_domain_by_name(struct xs_handle *xs, const char *name)
{
    unsigned n = 0;
    char **ids = xs_directory(xs, XBT_NULL, "/local/domain", &n);
    if (!ids)
        return -1;
    int found = -1;
    for (unsigned i = 0; i < n && found < 0; i++) {
        char *end, *have;
        unsigned long id = strtoul(ids[i], &end, 10);
        if (*end || id >= 0x7ff0)
            continue;
        have = store_domain_name(xs, (unsigned)id);
        if (have && !strcmp(have, name))
            found = (int)id;
        free(have);
    }
    free(ids);
    if (found < 0)
        errno = ENOENT;
    return found;
}

int64_t store_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Takes all events that are there. Their number, or -1 when the connection is gone. */
static int take_events(struct xs_handle *xs)
{
    for (int n = 0;; n++) {
        char **event = xs_check_watch(xs);
        if (!event)
            return errno == EAGAIN ? n : -1;
        free(event);
    }
}

#define CONNECTION_CHECK_MS 2000

int store_wait(struct xs_handle *xs, int64_t deadline_ms)
{
    for (;;) {
        int n = take_events(xs);
        if (n > 0)
            return 1;
        if (n < 0 || !connected(xs)) {
            errno = ENOTCONN;
            return -1;
        }
        int64_t left = deadline_ms < 0 ? CONNECTION_CHECK_MS : deadline_ms - store_now_ms();
        if (left <= 0)
            return 0;
        struct pollfd fd = {.fd = xs_fileno(xs), .events = POLLIN};
        if (poll(&fd, 1, left < CONNECTION_CHECK_MS ? (int)left : CONNECTION_CHECK_MS) < 0)
            return -1;
    }
}
