/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing handles, and the bytes between us and the store: over its socket, or over the kernel's device,
 * which passes the same messages on through the ring that this domain has with the store.
 */
#include "client/handle.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int xentoolcore__restrict_by_dup2_null(int fd);
void xentoolcore__register_active_handle(struct xs_active_handle *active);
void xentoolcore__deregister_active_handle(struct xs_active_handle *active);

/* Whoever gives up its rights loses the store: the descriptor becomes one of /dev/null. */
static int restrict_handle(struct xs_active_handle *active, uint16_t domid)
{
    (void)domid;
    return xentoolcore__restrict_by_dup2_null(((struct xs_handle *)active)->fd);
}

static int connect_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = EINVAL;
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* A recursive lock is not needed; a failure of these is not possible on Linux. */
static void init_locks(struct xs_handle *h)
{
    pthread_mutex_init(&h->request_mutex, NULL);
    pthread_mutex_init(&h->state_mutex, NULL);
    pthread_cond_init(&h->reply_arrived, NULL);
    pthread_cond_init(&h->event_arrived, NULL);
}

static struct xs_handle *open_at(const char *path, unsigned long flags)
{
    struct stat status;

    if (!path || stat(path, &status))
        return NULL;
    struct xs_handle *h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    h->is_socket = S_ISSOCK(status.st_mode);
    h->unwatch_filter = flags & XS_UNWATCH_FILTER;
    h->stop_fd = h->event_fd = h->fd = -1;
    h->last_event = &h->first_event;
    /* Registered before it is opened: a restriction at the same time must not miss it. */
    h->active.restrict_callback = restrict_handle;
    xentoolcore__register_active_handle(&h->active);
    h->fd = h->is_socket ? connect_socket(path) : open(path, O_RDWR | O_CLOEXEC);
    if (h->fd < 0) {
        int saved = errno;
        xentoolcore__deregister_active_handle(&h->active);
        free(h);
        errno = saved;
        return NULL;
    }
    init_locks(h);
    return h;
}

struct xs_handle *xs_open(unsigned long flags)
{
    struct xs_handle *h = open_at(xs_daemon_socket(), flags);

    if (h)
        return h;
    /* The same variable names the device: who sets it wants no other store. */
    const char *device = getenv("XENSTORED_PATH");
    if (!device)
        device = access("/dev/xen/xenbus", F_OK) ? "/proc/xen/xenbus" : "/dev/xen/xenbus";
    return open_at(device, flags);
}

struct xs_handle *xs_daemon_open(void)
{
    return xs_open(0);
}

struct xs_handle *xs_daemon_open_readonly(void)
{
    return xs_open(0);
}

struct xs_handle *xs_domain_open(void)
{
    return xs_open(0);
}

/* Frees everything without a look at locks and threads: after fork(), others may hold them for ever. */
void xs_daemon_destroy_postfork(struct xs_handle *h)
{
    xentoolcore__deregister_active_handle(&h->active);
    xs_event_free_all(h);
    free(h->reply_body);
    if (h->event_fd >= 0)
        close(h->event_fd);
    if (h->stop_fd >= 0)
        close(h->stop_fd);
    close(h->fd);
    free(h);
}

void xs_daemon_close(struct xs_handle *h)
{
    xs_event_stop_reader(h);
    pthread_mutex_destroy(&h->request_mutex);
    pthread_mutex_destroy(&h->state_mutex);
    pthread_cond_destroy(&h->reply_arrived);
    pthread_cond_destroy(&h->event_arrived);
    xs_daemon_destroy_postfork(h);
}

void xs_close(struct xs_handle *xsh)
{
    if (xsh)
        xs_daemon_close(xsh);
}

bool xs_write_all(int fd, const void *data, unsigned int len)
{
    const char *bytes = data;

    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        len -= (unsigned int)n;
    }
    return true;
}

/* No signal comes of a store that went away: the caller may not expect SIGPIPE from a library. */
bool xs_connection_send(struct xs_handle *h, const void *bytes, size_t length)
{
    const char *at = bytes;

    if (!h->is_socket)
        return xs_write_all(h->fd, bytes, (unsigned int)length);
    while (length) {
        ssize_t n = send(h->fd, at, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

/* A reply that nobody waits for, or an event that is none, means that we and the store lost each other. */
static bool deliver(struct xs_handle *h, const struct xsd_sockmsg *header, char *body)
{
    if (header->type == XS_WATCH_EVENT) {
        struct xs_event *event = xs_reply_event(body, header->len);
        xs_free_keeping_errno(body);
        if (!event)
            return false;
        pthread_mutex_lock(&h->state_mutex);
        xs_event_queue(h, event);
        pthread_mutex_unlock(&h->state_mutex);
        return true;
    }
    pthread_mutex_lock(&h->state_mutex);
    bool expected = !h->reply_ready && header->req_id == h->last_request;
    if (expected) {
        h->reply_header = *header;
        h->reply_body = body;
        h->reply_ready = true;
        pthread_cond_signal(&h->reply_arrived);
    }
    pthread_mutex_unlock(&h->state_mutex);
    if (!expected) {
        free(body);
        errno = EBADF;
    }
    return expected;
}

bool xs_connection_receive(struct xs_handle *h)
{
    size_t room;
    char *space = xs_inbox_space(&h->inbox, &room);
    ssize_t n = read(h->fd, space, room);

    if (n < 0)
        return errno == EINTR;
    if (!n) {
        errno = EBADF;
        return false;
    }
    xs_inbox_filled(&h->inbox, (size_t)n);
    for (;;) {
        struct xsd_sockmsg header;
        char *body;
        int taken = xs_inbox_take(&h->inbox, &header, &body);
        if (taken <= 0)
            return !taken;
        if (!deliver(h, &header, body))
            return false;
    }
}

void xs_connection_mark_dead(struct xs_handle *h)
{
    int saved = errno;

    pthread_mutex_lock(&h->state_mutex);
    h->dead = true;
    xs_event_signal(h);
    pthread_cond_broadcast(&h->reply_arrived);
    pthread_cond_broadcast(&h->event_arrived);
    pthread_mutex_unlock(&h->state_mutex);
    if (h->is_socket)
        shutdown(h->fd, SHUT_RDWR);
    errno = saved;
}

void xs_free_keeping_errno(void *p)
{
    int saved = errno;

    free(p);
    errno = saved;
}
