/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See memory_events.h. The port is unmasked when the wait begins: what happens while the caller looks around is one
 * event, however often a guest moves its balloon.
 */
#include "guest/memory_events.h"
#include "haven/memory_event.h"
#include "libhv/store.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <xenevtchn.h>

#define LOOK_MS 250 /* where there is no event */

struct memory_events {
    xenevtchn_handle *door; /* NULL: no event */
    evtchn_port_t port;
    struct xs_handle *xs; /* NULL: gone */
};

struct memory_events *memory_events_open(struct hypervisor *hv, struct xs_handle *xs)
{
    struct memory_events *e = calloc(1, sizeof(*e));

    if (!e)
        return NULL;
    e->xs = xs;
    if (!hypervisor_is_haven(hv))
        return e;
    e->door = xenevtchn_open(NULL, 0);
    xenevtchn_port_or_error_t port = e->door ? xenevtchn_bind_virq(e->door, VIRQ_MEMORY) : -1;
    if (port >= 0) {
        e->port = (evtchn_port_t)port;
        return e;
    }
    if (e->door)
        xenevtchn_close(e->door);
    e->door = NULL;
    return e;
}

void memory_events_close(struct memory_events *e)
{
    if (e && e->door)
        xenevtchn_close(e->door);
    free(e);
}

/* Takes what the store's watches have. True: there was something. */
static bool take_watches(struct memory_events *e)
{
    bool any = false;

    for (char **event; e->xs && (event = xs_check_watch(e->xs)) != NULL; any = true)
        free(event);
    if (e->xs && errno != EAGAIN)
        e->xs = NULL;
    return any;
}

int memory_events_wait(struct memory_events *e, int64_t deadline_ms)
{
    struct pollfd fd[2] = {{.fd = -1, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    int64_t left = deadline_ms - store_now_ms();

    if (take_watches(e))
        return MEMORY_EVENT_STORE | MEMORY_EVENT_DOMAIN;
    if (left <= 0)
        return 0;
    bool soon = !e->door && left > LOOK_MS;
    if (e->door)
        fd[0].fd = xenevtchn_fd(e->door);
    if (e->xs)
        fd[1].fd = xs_fileno(e->xs);
    int n = poll(fd, 2, soon ? LOOK_MS : (int)left);
    if (n < 0)
        return -1;
    if (fd[1].revents & (POLLHUP | POLLERR))
        e->xs = NULL;
    if (fd[0].revents) {
        xenevtchn_port_or_error_t port = xenevtchn_pending(e->door);
        if (port >= 0)
            xenevtchn_unmask(e->door, (evtchn_port_t)port);
    }
    if (take_watches(e))
        return MEMORY_EVENT_STORE | MEMORY_EVENT_DOMAIN;
    return fd[0].revents || soon ? MEMORY_EVENT_DOMAIN : 0;
}
