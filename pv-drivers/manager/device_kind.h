/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kind of device: what the manager asks of block (manager/vbd.c) and of net (manager/vif.c). The manager does the
 * rest: finds the devices in the store, runs the xenbus states of each, starts the workers and hands over (worker.h).
 *
 * The order of the calls for one device: open, then any number of (connect, connected, let_go), then close; change any
 * time between open and close. A device that was connected when the manager started is taken over: open, connect and
 * connected come as usual, without the front end noticing.
 */
#ifndef HAVEN_PV_DRIVERS_MANAGER_DEVICE_KIND_H
#define HAVEN_PV_DRIVERS_MANAGER_DEVICE_KIND_H

#include "common/event_loop.h"
#include "common/worker.h"
#include "libhv/failure.h"

#include <stdbool.h>
#include <xenstore.h>

struct device {
    const struct device_kind *kind;
    const char *worker; /* the program that serves it, as the nodes said when it was opened */
    struct xs_handle *xs;
    struct event_loop *loop;
    void (*wake)(struct device *d); /* for the kind: what DEVICE_LATER waits for is there */
    unsigned domid, id;
    char back[80];  /* /local/domain/0/backend/NAME/DOMID/ID */
    char front[80]; /* /local/domain/DOMID/device/KIND/ID, as the back end's node says and checked */
    int counters;   /* file of struct device_counters */
    const struct worker_message *answer; /* during connected: the worker's WORKER_CONNECTED */
    void *of_kind;                       /* what the kind keeps: made by open, freed by close */
};

/*
 * A worker that was killed may have left writes under way in the kernel, and the next one must not do them again before
 * they ended: a later write of the guest could be overwritten by the older one. What tells is a lock (flock) on the
 * image, taken on an open file of its own for each worker, which that worker and its writes alone hold: the kind closes
 * its own in let_go, opens it anew in connect (by /proc/self/fd/N, if the name may be gone) and says DEVICE_BUSY while
 * the lock can't be had. The manager asks again soon.
 */
#define DEVICE_BUSY 1

/* Begun, and not ready yet: nothing may wait in open or connect, which other guests' devices would wait for, too. The
 * kind calls d->wake when it is to be asked again, and sees to it that this comes. */
#define DEVICE_LATER 2

struct device_kind {
    const char *name;   /* of the front end's folder: "vbd", "vif" */
    const char *back;   /* of the folder in backend/ that hvctl uses: "haven-vbd", "haven-vif" */
    const char *worker; /* the program, in pkglibdir */
    /* Which one serves this device, from its back end's nodes (d->xs, d->back), if there are several. May be NULL. */
    const char *(*worker_of)(const struct device *d);

    /* Reads the back end's nodes, opens what is behind the device, writes what the back end offers (feature-*, ...).
     * The manager then goes to InitWait. -1: the reason goes to the back end's node "error" and hotplug-error.
     * DEVICE_BUSY: somebody holds it who may be about to end (above); after some seconds that is a failure, too.
     * DEVICE_LATER: d->of_kind stays, and is freed by close if open is not called again. */
    int (*open)(struct device *d, struct failure *failure);
    void (*close)(struct device *d);
    /* Reads the front end's nodes, which are untrusted, into *m (queues, rings, features; kind and device are filled
     * in) and says which files go with it, d->counters first (they stay the kind's). -1: the front end's fault, the
     * device is closed for it. DEVICE_BUSY as with open; DEVICE_LATER. */
    int (*connect)(struct device *d, struct worker_message *m, int *files, unsigned *count, struct failure *failure);
    /* The worker has it: writes what the front end reads when the back end says Connected (sectors, ...). */
    int (*connected)(struct device *d, struct failure *failure);
    /* The worker has let go (the front end closed, or the worker died). d->xs may be NULL. May be NULL. */
    void (*let_go)(struct device *d);
    /* A node under the back end's path changed (resize, rate, media). Fills *m with what the worker shall change and
     * returns 1; 0: nothing to do; -1 with the reason. May be NULL. */
    int (*change)(struct device *d, struct worker_message *m, int *files, unsigned *count, struct failure *failure);
    /* The worker did what change said. May be NULL. */
    void (*changed)(struct device *d);
};

extern const struct device_kind vbd_kind, vif_kind;

#endif
