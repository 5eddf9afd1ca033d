/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back end's side of xenbus: single answers, whole lives against a front end and tools that are played here, and
 * rules that hold in every situation there is, among them those that only a mad front end or a kill make.
 */
#include "manager/xenbus_state.h"
#include "unit.h"

#include <xen/xen.h>

#include <xen/grant_table.h>
#include <xen/io/xenbus.h>

#define STATES 10 /* 0-8, and one that is none */

/* A device as the manager holds it: what device_run.c does, without the store and the worker. */
struct world {
    struct xenbus_view v;
    unsigned opens, connects, disconnects;
};

static struct world fresh(void)
{
    return (struct world){.v = {.exists = true,
                                .online = true,
                                .may_open = true,
                                .front = XenbusStateInitialising,
                                .back = XenbusStateInitialising}};
}

/* One step; false: it waits. Workers answer at once. */
static bool step(struct world *w)
{
    switch (xenbus_next(&w->v)) {
    case XENBUS_WAIT:
    case XENBUS_FORGET:
        return false;
    case XENBUS_OPEN:
        CU_ASSERT_FALSE(w->v.opened);
        w->v.opened = true;
        w->opens++;
        if (w->v.back == XenbusStateInitialising)
            w->v.back = XenbusStateInitWait;
        break;
    case XENBUS_CONNECT:
        CU_ASSERT_TRUE(w->v.opened && w->v.link == XENBUS_LINK_NONE);
        w->v.link = XENBUS_LINK_UP;
        w->connects++;
        break;
    case XENBUS_DISCONNECT:
        CU_ASSERT_EQUAL(w->v.link, XENBUS_LINK_UP);
        w->v.link = XENBUS_LINK_NONE;
        w->disconnects++;
        break;
    case XENBUS_CLOSE:
        CU_ASSERT_TRUE(w->v.opened && w->v.link == XENBUS_LINK_NONE);
        w->v.opened = false;
        break;
    case XENBUS_REFUSE:
        w->v.refused = true;
        break;
    case XENBUS_SAY_INIT_WAIT:
        w->v.back = XenbusStateInitWait;
        break;
    case XENBUS_SAY_CONNECTED:
        w->v.back = XenbusStateConnected;
        break;
    case XENBUS_SAY_CLOSING:
        w->v.back = XenbusStateClosing;
        break;
    case XENBUS_SAY_CLOSED:
        w->v.back = XenbusStateClosed;
        break;
    }
    return true;
}

static unsigned settle(struct world *w)
{
    unsigned n = 0;
    while (n < 100 && step(w))
        n++;
    return n;
}

static void front(struct world *w, unsigned state)
{
    w->v.front = state;
    if (state < XenbusStateInitialised || state == XenbusStateClosed)
        w->v.refused = false;
    CU_ASSERT_TRUE(settle(w) < 100);
}

static void kill_manager(struct world *w)
{
    w->v.opened = w->v.refused = false;
    w->v.link = XENBUS_LINK_NONE;
}

static struct world connected(void)
{
    struct world w = fresh();
    settle(&w);
    front(&w, XenbusStateInitialised);
    front(&w, XenbusStateConnected);
    return w;
}

static void test_life_of_a_disk(void)
{
    struct world w = fresh();
    settle(&w);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateInitWait);
    CU_ASSERT_TRUE(w.v.opened);
    front(&w, XenbusStateInitialised);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateConnected);
    front(&w, XenbusStateConnected);
    CU_ASSERT_EQUAL(w.connects, 1);
    front(&w, XenbusStateClosing);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateClosing);
    CU_ASSERT_EQUAL(w.disconnects, 1);
    front(&w, XenbusStateClosed);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateClosed);
    CU_ASSERT_TRUE(w.v.opened);
}

static void test_net_skips_initialised(void)
{
    struct world w = fresh();
    settle(&w);
    front(&w, XenbusStateConnected);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateConnected);
    CU_ASSERT_EQUAL(w.connects, 1);
}

/* kexec: Linux takes the front end through 5, 6, 1 and waits for 5, 6, 2; others jump. */
static void test_new_kernel(void)
{
    struct world w = connected();
    front(&w, XenbusStateClosing);
    front(&w, XenbusStateClosed);
    front(&w, XenbusStateInitialising);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateInitWait);
    front(&w, XenbusStateConnected);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateConnected);
    CU_ASSERT_EQUAL(w.opens, 1);
    CU_ASSERT_EQUAL(w.connects, 2);

    front(&w, XenbusStateInitialising); /* 4 -> 1: the old rings are nobody's any more */
    CU_ASSERT_EQUAL(w.disconnects, 2);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateInitWait);
    front(&w, XenbusStateInitialised);
    CU_ASSERT_EQUAL(w.connects, 3);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateConnected);
}

static void test_detach(void)
{
    struct world w = connected();
    w.v.online = false;
    w.v.back = XenbusStateClosing; /* by the tools */
    settle(&w);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_UP); /* the guest may still write to it */
    front(&w, XenbusStateClosing);
    front(&w, XenbusStateClosed);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_NONE);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateClosed);
    CU_ASSERT_FALSE(w.v.opened); /* the image is free before the tools remove the nodes */
    w.v.exists = false;
    CU_ASSERT_EQUAL(xenbus_next(&w.v), XENBUS_FORGET);
}

static void test_detach_without_driver(void)
{
    struct world w = fresh();
    settle(&w);
    w.v.online = false;
    w.v.back = XenbusStateClosing;
    settle(&w);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateClosed);
    CU_ASSERT_FALSE(w.v.opened);
}

/* The guest refuses, as its file system is mounted; the tools give up, or do not. */
static void test_detach_refused(void)
{
    struct world w = connected();
    w.v.online = false;
    w.v.back = XenbusStateClosing;
    settle(&w);
    kill_manager(&w);
    settle(&w);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_UP); /* served on, by the next process too */
    CU_ASSERT_EQUAL(w.v.back, XenbusStateClosing);
    w.v.online = true;
    w.v.back = XenbusStateConnected;
    settle(&w);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_UP);
    CU_ASSERT_EQUAL(w.connects, 2);
}

/* As Linux refused until 5.14: it says Closing and uses the disk on, until its last user is gone. */
static void test_detach_refused_while_closing(void)
{
    struct world w = connected();
    w.v.online = false;
    w.v.back = XenbusStateClosing;
    front(&w, XenbusStateClosing);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_UP);
    CU_ASSERT_EQUAL(w.disconnects, 0);
    kill_manager(&w);
    settle(&w);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_UP);
    w.v.link = XENBUS_LINK_NONE; /* the worker dies, too */
    settle(&w);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_UP);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateClosing);
    front(&w, XenbusStateClosed);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_NONE);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateClosed);
    CU_ASSERT_FALSE(w.v.opened);
}

static void test_takeover(void)
{
    struct world w = connected();
    kill_manager(&w);
    CU_ASSERT_EQUAL(xenbus_next(&w.v), XENBUS_OPEN);
    settle(&w);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_UP);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateConnected); /* nothing else was ever said */
    CU_ASSERT_EQUAL(w.connects, 2);
}

static void test_worker_dies(void)
{
    struct world w = connected();
    w.v.link = XENBUS_LINK_NONE;
    CU_ASSERT_EQUAL(xenbus_next(&w.v), XENBUS_CONNECT);
    settle(&w);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateConnected);
    CU_ASSERT_EQUAL(w.opens, 1);
}

static void test_refused_front(void)
{
    struct world w = connected();
    w.v.refused = true; /* the worker found nonsense in the ring and let go */
    w.v.link = XENBUS_LINK_NONE;
    settle(&w);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateClosing);
    CU_ASSERT_EQUAL(w.connects, 1);
    front(&w, XenbusStateClosing);
    front(&w, XenbusStateClosed);
    front(&w, XenbusStateInitialising);
    front(&w, XenbusStateInitialised);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateConnected);
    CU_ASSERT_EQUAL(w.connects, 2);
}

static void test_vanishing_front(void)
{
    struct world w = connected();
    front(&w, XenbusStateUnknown);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_NONE);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateClosed);
    front(&w, XenbusStateInitialising);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateInitWait);
}

static void test_vanishing_nodes(void)
{
    struct world w = connected();
    w.v.exists = false;
    settle(&w);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_NONE);
    CU_ASSERT_FALSE(w.v.opened);
    CU_ASSERT_EQUAL(xenbus_next(&w.v), XENBUS_FORGET);
}

/* Removed and made again, perhaps for another image, before we looked. */
static void test_nodes_made_anew(void)
{
    struct world w = connected();
    w.v.back = w.v.front = XenbusStateInitialising;
    settle(&w);
    CU_ASSERT_EQUAL(w.disconnects, 1);
    CU_ASSERT_EQUAL(w.opens, 2);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateInitWait);

    w = connected();
    w.v.back = XenbusStateInitialising; /* the front end's stayed */
    settle(&w);
    CU_ASSERT_EQUAL(w.disconnects, 1);
    CU_ASSERT_EQUAL(w.opens, 2);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateConnected);
}

static void test_open_that_fails(void)
{
    struct world w = fresh();
    w.v.may_open = false;
    CU_ASSERT_EQUAL(xenbus_next(&w.v), XENBUS_WAIT);
    w.v.front = XenbusStateConnected;
    w.v.back = XenbusStateConnected;
    CU_ASSERT_EQUAL(xenbus_next(&w.v), XENBUS_WAIT); /* takeover of a device whose image is away: no state is lost */
}

static void check_everywhere(const struct xenbus_view *v)
{
    struct world w = {.v = *v};
    enum xenbus_step next = xenbus_next(v);
    bool rings = v->front == XenbusStateInitialised || v->front == XenbusStateConnected;
    bool refuses = v->front == XenbusStateClosing && !v->online; /* perhaps */
    bool busy = v->link == XENBUS_LINK_CONNECTING || v->link == XENBUS_LINK_ENDING;
    CU_ASSERT_TRUE(settle(&w) < 10);
    if (busy) {
        CU_ASSERT_EQUAL(next, XENBUS_WAIT);
        return;
    }
    /* Rings are served exactly while somebody has them, and never twice. */
    if (w.v.link == XENBUS_LINK_UP)
        CU_ASSERT_TRUE((rings || refuses) && w.v.exists && w.v.opened && !w.v.refused);
    CU_ASSERT_TRUE(w.connects <= 1);
    /* A front end that has rings and nothing against it is served, unless the tools ended that. */
    if (rings && v->exists && v->online && v->may_open && !v->refused)
        CU_ASSERT_TRUE(w.v.link == XENBUS_LINK_UP &&
                       (w.v.back == XenbusStateConnected || w.v.back == XenbusStateClosing));
    if (v->refused && !v->opened && rings && v->exists)
        CU_ASSERT_EQUAL(w.connects, 0);
    if (!v->exists)
        CU_ASSERT_TRUE(!w.v.opened && w.v.link == XENBUS_LINK_NONE);
    /* What the tools ended by force stays so. */
    if (v->exists && !v->online && v->back == XenbusStateClosed)
        CU_ASSERT_TRUE(w.v.back == XenbusStateClosed && w.v.link == XENBUS_LINK_NONE);
    if (v->exists && !v->online && v->back == XenbusStateClosed && rings && !v->refused)
        CU_ASSERT_FALSE(w.v.opened);
    /* A front end that begins is offered the device; one that ends sees us end. */
    if (v->exists && v->online && v->may_open && v->front == XenbusStateInitialising)
        CU_ASSERT_EQUAL(w.v.back, XenbusStateInitWait);
    if (v->exists && v->front == XenbusStateClosed)
        CU_ASSERT_EQUAL(w.v.back, XenbusStateClosed);
    if (v->exists && v->front == XenbusStateClosing)
        CU_ASSERT_TRUE(w.v.back == XenbusStateClosing || w.v.back == XenbusStateClosed);
    /* Connected is said only with a link, or was said before. */
    if (w.v.back == XenbusStateConnected && v->back != XenbusStateConnected)
        CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_UP);
}

/* Each front end's state in each back end's state, in each situation. */
static void test_everything(void)
{
    for (unsigned bits = 0; bits < 32; bits++)
        for (unsigned link = 0; link < 4; link++)
            for (unsigned f = 0; f < STATES; f++)
                for (unsigned b = 0; b < STATES; b++) {
                    bool opened = bits & 4;
                    if (link != XENBUS_LINK_NONE && !opened)
                        continue; /* cannot be */
                    check_everywhere(&(struct xenbus_view){.exists = bits & 1,
                                                           .online = bits & 2,
                                                           .opened = opened,
                                                           .may_open = bits & 8,
                                                           .refused = bits & 16,
                                                           .link = (enum xenbus_link)link,
                                                           .front = f,
                                                           .back = b});
                }
}

/* A front end that says anything, tools that come and go, kills: never a wrong step (asserted in step), and in the end
 * a well-behaved life works. */
static void test_madness(void)
{
    struct world w = fresh();
    for (unsigned i = 0; i < 20000; i++) {
        switch (unit_random_below(6)) {
        case 0:
            kill_manager(&w);
            break;
        case 1:
            w.v.online = unit_random_below(2);
            break;
        case 2:
            if (w.v.link == XENBUS_LINK_UP)
                w.v.link = XENBUS_LINK_NONE; /* the worker died */
            break;
        default:
            front(&w, (unsigned)unit_random_below(STATES));
        }
        if (unit_random_below(2))
            step(&w);
    }
    w.v.online = true;
    front(&w, XenbusStateClosed);
    front(&w, XenbusStateInitialising);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateInitWait);
    front(&w, XenbusStateConnected);
    CU_ASSERT_EQUAL(w.v.back, XenbusStateConnected);
    CU_ASSERT_EQUAL(w.v.link, XENBUS_LINK_UP);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"life of a disk", test_life_of_a_disk},
        {"net skips Initialised", test_net_skips_initialised},
        {"a new kernel in the guest", test_new_kernel},
        {"detach", test_detach},
        {"detach without a driver in the guest", test_detach_without_driver},
        {"detach refused", test_detach_refused},
        {"detach refused while closing", test_detach_refused_while_closing},
        {"takeover", test_takeover},
        {"worker dies", test_worker_dies},
        {"refused front end", test_refused_front},
        {"vanishing front end", test_vanishing_front},
        {"vanishing nodes", test_vanishing_nodes},
        {"nodes made anew", test_nodes_made_anew},
        {"open that fails", test_open_that_fails},
        {"every state in every state", test_everything},
        {"a mad front end", test_madness},
        CU_TEST_INFO_NULL,
    };
    return unit_run("xenbus states", cases);
}
