/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client library against a store that is a thread of this test: it answers READ with the path, does as it should
 * with watches, and misbehaves on the paths that are named for it.
 */
#include "libhv/store.h"
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenstore.h>

static char socket_path[64];
static int listening = -1;
static atomic_int dying; /* so many connections are taken, and end as those of a server that is killed */

#define CHILDREN 1000

static void put(int fd, uint32_t type, uint32_t request, const void *body, size_t length)
{
    char message[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    struct xsd_sockmsg header = {.type = type, .req_id = request, .len = (uint32_t)length};

    memcpy(message, &header, sizeof(header));
    memcpy(message + sizeof(header), body, length);
    if (send(fd, message, sizeof(header) + length, MSG_NOSIGNAL) < 0)
        close(fd);
}

static bool get(int fd, void *bytes, size_t length)
{
    return !length || recv(fd, bytes, length, MSG_WAITALL) == (ssize_t)length;
}

static void put_error(int fd, uint32_t request, const char *name)
{
    put(fd, XS_ERROR, request, name, strlen(name) + 1);
}

/* The names of CHILDREN nodes from an offset; the generation changes once if the path says so. */
static void answer_part(int fd, uint32_t request, const char *path)
{
    static char list[CHILDREN * 8 + 1], body[XENSTORE_PAYLOAD_MAX];
    static int asked; /* about the path that changes */
    size_t length = 0, offset = strtoul(path + strlen(path) + 1, NULL, 10);

    for (int i = 0; i < CHILDREN; i++)
        length += (size_t)sprintf(list + length, "c%d", i) + 1;
    list[length++] = 0;
    asked += !strcmp(path, "/changing");
    size_t used = (size_t)sprintf(body, "%d", asked > 1 ? 2 : 1) + 1;
    size_t count = length - offset < 1500 ? length - offset : 1500;
    memcpy(body + used, list + offset, count);
    put(fd, XS_DIRECTORY_PART, request, body, used + count);
}

static void answer_read(int fd, uint32_t request, const char *path)
{
    if (!strcmp(path, "/none"))
        put_error(fd, request, "ENOENT");
    else if (!strcmp(path, "/die"))
        shutdown(fd, SHUT_RDWR);
    else if (!strcmp(path, "/wrong-type"))
        put(fd, XS_WRITE, request, "OK", 3);
    else if (!strcmp(path, "/wrong-request"))
        put(fd, XS_READ, request + 1, "x", 1);
    else if (!strcmp(path, "/bad-event"))
        put(fd, XS_WATCH_EVENT, 0, "/alone", 7);
    else {
        if (!strcmp(path, "/events"))
            for (int i = 0; i < 3; i++)
                put(fd, XS_WATCH_EVENT, 0, i == 1 ? "/w/b\0t\0" : "/w\0u\0\0\0", 7);
        put(fd, XS_READ, request, path, strlen(path));
    }
}

static void serve_one(int fd)
{
    struct xsd_sockmsg header;
    char body[XENSTORE_PAYLOAD_MAX + 1];

    while (get(fd, &header, sizeof(header)) && get(fd, body, header.len)) {
        body[header.len] = 0;
        if (header.type == XS_READ)
            answer_read(fd, header.req_id, body);
        else if (header.type == XS_DIRECTORY)
            put_error(fd, header.req_id, "E2BIG");
        else if (header.type == XS_DIRECTORY_PART)
            answer_part(fd, header.req_id, body);
        else
            put(fd, header.type, header.req_id, "OK", 3);
        if (header.type == XS_WATCH)
            put(fd, XS_WATCH_EVENT, 0, body, header.len);
    }
    close(fd);
}

static void *serve(void *argument)
{
    (void)argument;
    for (;;) {
        int fd = accept(listening, NULL, NULL);
        if (fd < 0)
            return NULL;
        if (atomic_fetch_sub(&dying, 1) > 0)
            close(fd);
        else
            serve_one(fd);
    }
}

static struct xs_handle *open_store(unsigned long flags)
{
    struct xs_handle *h = xs_open(flags);

    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    return h;
}

static bool readable(int fd, int milliseconds)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, milliseconds) == 1;
}

static void check_read(struct xs_handle *h, const char *path)
{
    unsigned int length;
    char *value = xs_read(h, XBT_NULL, path, &length);

    CU_ASSERT_PTR_NOT_NULL_FATAL(value);
    CU_ASSERT_STRING_EQUAL(value, path);
    CU_ASSERT_EQUAL(length, strlen(path));
    free(value);
}

static void check_read_fails(struct xs_handle *h, const char *path, int error)
{
    errno = 0;
    CU_ASSERT_PTR_NULL(xs_read(h, XBT_NULL, path, NULL));
    CU_ASSERT_EQUAL(errno, error);
}

static void requests_and_errors(void)
{
    static char huge[XENSTORE_PAYLOAD_MAX];
    struct xs_handle *h = open_store(0);

    check_read(h, "/a/b");
    check_read_fails(h, "/none", ENOENT);
    errno = 0;
    CU_ASSERT_FALSE(xs_write(h, XBT_NULL, "/x", huge, sizeof(huge)));
    CU_ASSERT_EQUAL(errno, E2BIG);
    CU_ASSERT(xs_write(h, XBT_NULL, "/x", huge, sizeof(huge) - 3));
    CU_ASSERT_FALSE(xs_restrict(h, 1));
    check_read(h, "/still/there");
    xs_close(h);
    xs_close(NULL);
}

static void no_store(void)
{
    setenv("XENSTORED_PATH", "/nonexistent/socket", 1);
    errno = 0;
    CU_ASSERT_PTR_NULL(xs_open(0));
    CU_ASSERT_EQUAL(errno, ENOENT);
    setenv("XENSTORED_PATH", socket_path, 1);
}

/* What the tools open is a connection that answers, as soon as there is one. */
static void dying_store(void)
{
    atomic_store(&dying, 3);
    struct xs_handle *h = store_open();
    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    check_read(h, "/a/b");
    xs_close(h);
}

static void broken_connections(void)
{
    static const char *const paths[] = {"/die", "/wrong-type", "/wrong-request", "/bad-event"};

    for (size_t i = 0; i < 2 * sizeof(paths) / sizeof(paths[0]); i++) {
        struct xs_handle *h = open_store(0);
        if (i & 1)
            CU_ASSERT(xs_watch(h, "/w", "t"));
        check_read_fails(h, paths[i / 2], EBADF);
        check_read_fails(h, "/a", EBADF);
        xs_close(h);
    }
}

static void check_event(struct xs_handle *h, const char *path, const char *token)
{
    unsigned int count = 0;
    char **event = xs_read_watch(h, &count);

    CU_ASSERT_PTR_NOT_NULL_FATAL(event);
    CU_ASSERT_STRING_EQUAL(event[XS_WATCH_PATH], path);
    CU_ASSERT_STRING_EQUAL(event[XS_WATCH_TOKEN], token);
    free(event);
}

static void check_no_event(struct xs_handle *h, int error)
{
    errno = 0;
    CU_ASSERT_PTR_NULL(xs_check_watch(h));
    CU_ASSERT_EQUAL(errno, error);
}

static void watches(void)
{
    struct xs_handle *h = open_store(0);
    int fd = xs_fileno(h);

    CU_ASSERT_FALSE(readable(fd, 0));
    check_no_event(h, EAGAIN);
    CU_ASSERT(xs_watch(h, "/w", "t"));
    CU_ASSERT(readable(fd, 5000));
    check_event(h, "/w", "t");
    CU_ASSERT_FALSE(readable(fd, 0));
    check_read(h, "/events");
    CU_ASSERT(readable(fd, 0));
    check_event(h, "/w", "u");
    check_event(h, "/w/b", "t");
    CU_ASSERT(readable(fd, 0));
    check_event(h, "/w", "u");
    CU_ASSERT_FALSE(readable(fd, 0));
    check_no_event(h, EAGAIN);
    xs_close(h);
}

static void events_before_anybody_asked(void)
{
    struct xs_handle *h = open_store(0);

    check_read(h, "/events");
    CU_ASSERT(readable(xs_fileno(h), 0));
    check_event(h, "/w", "u");
    xs_close(h); /* with events left */
}

static void unwatch_filters(void)
{
    for (int filter = 0; filter < 2; filter++) {
        struct xs_handle *h = open_store(filter ? XS_UNWATCH_FILTER : 0);
        CU_ASSERT(xs_watch(h, "/w", "t"));
        check_read(h, "/events");
        CU_ASSERT(xs_unwatch(h, "/w", "t"));
        if (!filter)
            check_event(h, "/w", "t");
        check_event(h, "/w", "u");
        if (!filter)
            check_event(h, "/w/b", "t");
        check_event(h, "/w", "u");
        check_no_event(h, EAGAIN);
        CU_ASSERT_FALSE(readable(xs_fileno(h), 0));
        xs_close(h);
    }
}

static void death_is_told_once(void)
{
    struct xs_handle *h = open_store(0);
    unsigned int count;

    CU_ASSERT(xs_watch(h, "/w", "t"));
    check_event(h, "/w", "t");
    check_read_fails(h, "/die", EBADF);
    CU_ASSERT(readable(xs_fileno(h), 5000));
    check_no_event(h, EINVAL);
    CU_ASSERT_FALSE(readable(xs_fileno(h), 0));
    CU_ASSERT_PTR_NULL(xs_read_watch(h, &count));
    xs_close(h);
}

static void *wait_for_event(void *h)
{
    unsigned int count;

    return xs_read_watch(h, &count);
}

static void death_wakes_who_waits(void)
{
    struct xs_handle *h = open_store(0);
    pthread_t waiter;
    void *result = h;

    CU_ASSERT(xs_watch(h, "/w", "t"));
    check_event(h, "/w", "t");
    CU_ASSERT_EQUAL_FATAL(pthread_create(&waiter, NULL, wait_for_event, h), 0);
    check_read_fails(h, "/die", EBADF);
    pthread_join(waiter, &result);
    CU_ASSERT_PTR_NULL(result);
    xs_close(h);
}

static void directory_in_parts(void)
{
    static const char *const paths[] = {"/large", "/changing"};
    struct xs_handle *h = open_store(0);

    for (int i = 0; i < 2; i++) {
        unsigned int count = 0;
        char **names = xs_directory(h, XBT_NULL, paths[i], &count);
        CU_ASSERT_PTR_NOT_NULL_FATAL(names);
        CU_ASSERT_EQUAL_FATAL(count, CHILDREN);
        for (unsigned int c = 0; c < count; c++)
            CU_ASSERT_EQUAL(names[c][0] == 'c' ? atoi(names[c] + 1) : -1, (int)c);
        free(names);
    }
    xs_close(h);
}

static void *read_many(void *h)
{
    for (int i = 0; i < 500; i++) {
        char path[32];
        snprintf(path, sizeof(path), "/%d/%lx", i, (unsigned long)pthread_self());
        char *value = xs_read(h, XBT_NULL, path, NULL);
        if (!value || strcmp(value, path))
            return h;
        free(value);
    }
    return NULL;
}

static void many_threads(void)
{
    for (int watching = 0; watching < 2; watching++) {
        struct xs_handle *h = open_store(0);
        pthread_t threads[4];
        if (watching)
            CU_ASSERT(xs_watch(h, "/w", "t"));
        for (int i = 0; i < 4; i++)
            CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, read_many, h), 0);
        for (int i = 0; i < 4; i++) {
            void *failed;
            pthread_join(threads[i], &failed);
            CU_ASSERT_PTR_NULL(failed);
        }
        xs_close(h);
    }
}

static void subpaths(void)
{
    CU_ASSERT(xs_path_is_subpath("/a", "/a"));
    CU_ASSERT(xs_path_is_subpath("/a", "/a/b"));
    CU_ASSERT_FALSE(xs_path_is_subpath("/a", "/ab"));
    CU_ASSERT_FALSE(xs_path_is_subpath("/a/b", "/a"));
}

static void places(void)
{
    unsetenv("XENSTORED_PATH");
    CU_ASSERT_STRING_EQUAL(xs_daemon_socket(), "/run/xenstored/socket");
    setenv("XENSTORED_RUNDIR", "/x", 1);
    CU_ASSERT_STRING_EQUAL(xs_daemon_rundir(), "/x");
    CU_ASSERT_STRING_EQUAL(xs_daemon_socket_ro(), "/x/socket");
    setenv("XENSTORED_PATH", socket_path, 1);
    CU_ASSERT_STRING_EQUAL(xs_daemon_socket(), socket_path);
}

static void start_server(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;

    snprintf(socket_path, sizeof(socket_path), "/tmp/test_store_client.%d", (int)getpid());
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof(address)) || listen(listening, 5) ||
        pthread_create(&thread, NULL, serve, NULL))
        panic("no server: %s", strerror(errno));
    pthread_detach(thread);
    setenv("XENSTORED_PATH", socket_path, 1);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"requests and errors", requests_and_errors},
        {"no store", no_store},
        {"a store that is dying", dying_store},
        {"broken connections", broken_connections},
        {"watches", watches},
        {"events before anybody asked", events_before_anybody_asked},
        {"unwatch filters if asked to", unwatch_filters},
        {"death is told once", death_is_told_once},
        {"death wakes who waits", death_wakes_who_waits},
        {"a directory in parts", directory_in_parts},
        {"many threads", many_threads},
        {"subpaths", subpaths},
        {"places", places},
        CU_TEST_INFO_NULL,
    };

    start_server();
    int r = unit_run("store client", cases);
    unlink(socket_path);
    return r;
}
