/* SPDX-License-Identifier: MIT */
/*
 * Watches and their events.  The first watch starts the reader thread, which queues events as they come.  xs_fileno()
 * is an eventfd that is readable exactly while there is something to fetch: an event, or once the news that the
 * connection died (xs_check_watch() then says EINVAL, and waits for nothing).
 */
#include "client/handle.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The thread calls little; the rest is for thread-local storage of large programs. */
#define READER_STACK (128u << 10)

void xs_event_signal(struct xs_handle *h)
{
    bool wanted = h->first_event || (h->dead && !h->death_told);
    uint64_t value = 1;

    if (h->event_fd < 0 || wanted == h->event_signalled)
        return;
    h->event_signalled = wanted;
    ssize_t n = wanted ? write(h->event_fd, &value, sizeof(value)) : read(h->event_fd, &value, sizeof(value));
    (void)n; /* it cannot block or fail: the counter is 0 or 1 */
}

void xs_event_queue(struct xs_handle *h, struct xs_event *event)
{
    *h->last_event = event;
    h->last_event = &event->next;
    xs_event_signal(h);
    pthread_cond_signal(&h->event_arrived);
}

void xs_event_free_all(struct xs_handle *h)
{
    while (h->first_event) {
        struct xs_event *event = h->first_event;
        h->first_event = event->next;
        free(event->strings);
        free(event);
    }
    h->last_event = &h->first_event;
}

static void *read_events(void *argument)
{
    struct xs_handle *h = argument;
    struct pollfd fds[2] = {{.fd = h->fd, .events = POLLIN}, {.fd = h->stop_fd, .events = POLLIN}};

    for (;;) {
        int n = poll(fds, 2, -1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || fds[1].revents)
            break;
        if (fds[0].revents && !xs_connection_receive(h))
            break;
    }
    xs_connection_mark_dead(h);
    return NULL;
}

/* The thread inherits a mask of all signals: handlers of the program run in its own threads. */
static int create_reader(struct xs_handle *h)
{
    pthread_attr_t attributes;
    sigset_t all, before;

    int r = pthread_attr_init(&attributes);
    if (r)
        return r;
    pthread_attr_setstacksize(&attributes, READER_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&h->reader, &attributes, read_events, h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return r;
}

static bool ensure_reader(struct xs_handle *h)
{
    pthread_mutex_lock(&h->request_mutex);
    if (!h->reader_runs) {
        if (h->stop_fd < 0)
            h->stop_fd = eventfd(0, EFD_CLOEXEC);
        int r = h->stop_fd < 0 ? errno : create_reader(h);
        h->reader_runs = !r;
        errno = r;
    }
    bool runs = h->reader_runs;
    pthread_mutex_unlock(&h->request_mutex);
    return runs;
}

void xs_event_stop_reader(struct xs_handle *h)
{
    uint64_t one = 1;

    if (!h->reader_runs)
        return;
    while (write(h->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
    pthread_join(h->reader, NULL);
    h->reader_runs = false;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    if (!ensure_reader(h))
        return false;
    return xs_talk_ok(h, XBT_NULL, XS_WATCH, (const char *[]){path, token}, 2);
}

int xs_fileno(struct xs_handle *h)
{
    pthread_mutex_lock(&h->state_mutex);
    if (h->event_fd < 0) {
        h->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        xs_event_signal(h);
    }
    int fd = h->event_fd;
    pthread_mutex_unlock(&h->state_mutex);
    return fd;
}

/* The first event, taken out of the queue, or NULL with errno. */
static struct xs_event *take_event(struct xs_handle *h, bool wait)
{
    while (!h->first_event && !h->dead && wait)
        pthread_cond_wait(&h->event_arrived, &h->state_mutex);
    struct xs_event *event = h->first_event;
    if (event) {
        h->first_event = event->next;
        if (!h->first_event)
            h->last_event = &h->first_event;
    } else {
        h->death_told = h->dead;
    }
    xs_event_signal(h);
    errno = h->dead ? EINVAL : EAGAIN;
    return event;
}

static char **fetch(struct xs_handle *h, unsigned int *count, bool wait)
{
    pthread_mutex_lock(&h->state_mutex);
    struct xs_event *event = take_event(h, wait);
    pthread_mutex_unlock(&h->state_mutex);
    if (!event)
        return NULL;
    char **strings = event->strings;
    *count = event->count;
    free(event);
    return strings;
}

char **xs_check_watch(struct xs_handle *h)
{
    unsigned int count;

    return fetch(h, &count, false);
}

char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
    return fetch(h, num, true);
}

static void drop_events(struct xs_handle *h, const char *path, const char *token)
{
    struct xs_event **link = &h->first_event;

    while (*link) {
        struct xs_event *event = *link;
        if (!strcmp(event->strings[XS_WATCH_TOKEN], token) && xs_path_is_subpath(path, event->strings[XS_WATCH_PATH])) {
            *link = event->next;
            free(event->strings);
            free(event);
        } else {
            link = &event->next;
        }
    }
    h->last_event = link;
    xs_event_signal(h);
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    bool done = xs_talk_ok(h, XBT_NULL, XS_UNWATCH, (const char *[]){path, token}, 2);

    /* The store sends no event of a watch after the reply that ends it, so what is queued now is all there is. */
    if (h->unwatch_filter) {
        int saved = errno;
        pthread_mutex_lock(&h->state_mutex);
        drop_events(h, path, token);
        pthread_mutex_unlock(&h->state_mutex);
        errno = saved;
    }
    return done;
}
