/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See xenbus_state.h. */
#include "manager/xenbus_state.h"

#include <stdint.h>
#include <xen/xen.h>

#include <xen/grant_table.h>
#include <xen/io/xenbus.h>

/* It has published its rings. Which of the two it says differs between block and net, and between kernels. */
static bool has_rings(unsigned front)
{
    return front == XenbusStateInitialised || front == XenbusStateConnected;
}

/* The tools ask the guest to close, and it has not: Closing is also what Linux says until 5.14 when it refuses, as the
 * disk is mounted, and goes on using it. It is Closed when it has let go. */
static bool may_refuse(const struct xenbus_view *v)
{
    return v->front == XenbusStateClosing && v->back == XenbusStateClosing && !v->online;
}

static enum xenbus_step while_linked(const struct xenbus_view *v)
{
    if (!v->exists || v->refused || (!has_rings(v->front) && !may_refuse(v)) || v->back == XenbusStateClosed ||
        v->back == XenbusStateInitialising)
        return XENBUS_DISCONNECT;
    if (v->back == XenbusStateConnected || v->back == XenbusStateClosing)
        return XENBUS_WAIT; /* Closing: the tools asked the guest to close, it may take its time or refuse */
    return XENBUS_SAY_CONNECTED;
}

/* Says Closed, and then lets go of the image if the tools do not want the device any more. */
static enum xenbus_step rest_closed(const struct xenbus_view *v)
{
    if (v->back != XenbusStateClosed)
        return XENBUS_SAY_CLOSED;
    return v->opened && !v->online ? XENBUS_CLOSE : XENBUS_WAIT;
}

static enum xenbus_step open_or_wait(const struct xenbus_view *v)
{
    return v->may_open ? XENBUS_OPEN : XENBUS_WAIT;
}

/* The front end waits for us: a guest that starts, or starts again. */
static enum xenbus_step offer(const struct xenbus_view *v)
{
    if (!v->online)
        return rest_closed(v);
    if (!v->opened)
        return open_or_wait(v);
    return v->back == XenbusStateInitWait ? XENBUS_WAIT : XENBUS_SAY_INIT_WAIT;
}

/* Its nodes are gone, or not written yet. */
static enum xenbus_step without_front(const struct xenbus_view *v)
{
    bool fresh = v->back == XenbusStateUnknown || v->back == XenbusStateInitialising || v->back == XenbusStateInitWait;
    return fresh && v->online ? offer(v) : rest_closed(v);
}

static enum xenbus_step serve(const struct xenbus_view *v)
{
    bool closing = v->back == XenbusStateClosing, closed = v->back == XenbusStateClosed;
    if (v->refused)
        return closing || closed ? XENBUS_WAIT : XENBUS_SAY_CLOSING;
    if (closed && !v->online)
        return rest_closed(v);
    if (!v->opened)
        return open_or_wait(v);
    /* Closing: a detach that the guest has not followed yet is served on, after a restart too, for its file system is
     * mounted. (Or a front end that was given up by the manager before: then the same will be found out again.) */
    if (closing || v->back == XenbusStateConnected || v->back == XenbusStateInitWait ||
        v->back == XenbusStateInitialised)
        return XENBUS_CONNECT;
    return XENBUS_SAY_INIT_WAIT;
}

enum xenbus_step xenbus_next(const struct xenbus_view *v)
{
    if (v->link == XENBUS_LINK_CONNECTING || v->link == XENBUS_LINK_ENDING)
        return XENBUS_WAIT; /* the worker answers, or dies */
    if (v->link == XENBUS_LINK_UP)
        return while_linked(v);
    if (!v->exists)
        return v->opened ? XENBUS_CLOSE : XENBUS_FORGET;
    if (v->opened && v->back == XenbusStateInitialising)
        return XENBUS_CLOSE; /* the nodes were made anew: it may be another image */
    switch (v->front) {
    case XenbusStateUnknown:
        return without_front(v);
    case XenbusStateInitialising:
    case XenbusStateInitWait:
        return offer(v);
    case XenbusStateInitialised:
    case XenbusStateConnected:
        return serve(v);
    case XenbusStateClosing:
        if (may_refuse(v))
            return serve(v);
        return v->back == XenbusStateClosing || v->back == XenbusStateClosed ? XENBUS_WAIT : XENBUS_SAY_CLOSING;
    case XenbusStateClosed:
        return rest_closed(v);
    default: /* reconfiguration is not a thing of our kinds */
        return v->back == XenbusStateClosed ? XENBUS_WAIT : v->refused ? serve(v) : XENBUS_REFUSE;
    }
}
