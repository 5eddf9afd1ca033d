/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to do next about one device, from how things stand (<xen/io/xenbus.h>: the states that both ends write to the
 * store). Nothing is remembered: what a back end has said is in the store, and what it holds is in the view. So a
 * manager that was killed goes on where the last one was, and events may come late, twice, or as one.
 *
 * The usual life, front end's state / back end's state:
 *
 *     1/1  open the image, offer features          -> 1/2
 *     3/2  (block) or 4/2 (net): connect the rings -> 3/4, and the front end follows with 4/4
 *     4/4  front end closes: 5/4, disconnect       -> 5/5;  6/5 -> 6/6;  a new kernel: 1/6 -> 1/2
 *     4/4  detach: online=0 and 4/5 by the tool; served on until the front end is closed, also at 5/5, which older ones
 *          stay in when they refuse; 6/5 -> disconnect, 6/6, close the image
 *
 * and 4/4 with nothing held, when the process was killed: open and connect, nothing written.
 *
 * Pure.
 */
#ifndef HAVEN_PV_DRIVERS_MANAGER_XENBUS_STATE_H
#define HAVEN_PV_DRIVERS_MANAGER_XENBUS_STATE_H

#include <stdbool.h>

enum xenbus_link {
    XENBUS_LINK_NONE,
    XENBUS_LINK_CONNECTING, /* the worker was asked to connect */
    XENBUS_LINK_UP,
    XENBUS_LINK_ENDING, /* the worker was asked to disconnect */
};

struct xenbus_view {
    bool exists;   /* the back end's nodes are there, and the guest lives */
    bool online;   /* the tools want the device */
    bool opened;   /* we hold what is behind it */
    bool may_open; /* false: that failed a moment ago */
    bool refused;  /* this front end did what it must not; until it starts anew */
    enum xenbus_link link;
    unsigned front, back; /* XenbusState..., or any number: front is the guest's, 0 without a node */
};

enum xenbus_step {
    XENBUS_WAIT, /* for something to change */
    XENBUS_OPEN, /* and say InitWait if the state is Initialising: who sees that again knows that the nodes are new */
    XENBUS_CONNECT,
    XENBUS_DISCONNECT,
    XENBUS_CLOSE,  /* let go of what is behind it */
    XENBUS_REFUSE, /* the front end's state is none that a front end has */
    XENBUS_FORGET, /* there is nothing to remember it for */
    /* Write this state: */
    XENBUS_SAY_INIT_WAIT,
    XENBUS_SAY_CONNECTED,
    XENBUS_SAY_CLOSING,
    XENBUS_SAY_CLOSED,
};

enum xenbus_step xenbus_next(const struct xenbus_view *view);

#endif
