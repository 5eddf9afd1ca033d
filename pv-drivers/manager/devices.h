/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All devices that hvdriverd serves: found in the store, moved on whenever something about them changed.
 *
 *   devices.c       the store's watches and the guests' ends: which devices there are, and which to look at
 *   device_run.c    one device: takes the steps that xenbus_state.c says until there is nothing to do
 *   device_store.c  its nodes in the store
 *
 * One thread, one loop. The store is asked synchronously; workers answer by messages.
 */
#ifndef HAVEN_PV_DRIVERS_MANAGER_DEVICES_H
#define HAVEN_PV_DRIVERS_MANAGER_DEVICES_H

#include "common/event_loop.h"
#include "libhv/hypervisor.h"
#include "manager/device_kind.h"
#include "manager/kinds.h"
#include "manager/workers.h"
#include "manager/xenbus_state.h"

struct devices {
    struct event_loop loop;
    struct xs_handle *xs; /* NULL: the store is away */
    struct hypervisor *hv;
    struct served_folder folders[KINDS_FOLDERS_MAX];
    unsigned folder_count;
    struct workers workers;
    struct served_device *first;
    struct event_source store;
    struct event_timer look, reconnect;
};

struct served_device {
    struct device d; /* first: the kinds see this part */
    struct devices *all;
    struct served_device *next;
    struct worker_process *worker; /* while there is a link */
    enum xenbus_link link;
    bool dirty;    /* look at it */
    bool watched;  /* its front end's state is */
    bool complete; /* the nodes that must be there were, and were right */
    bool opened;
    bool opening;   /* open said DEVICE_LATER */
    bool announced; /* the kind was told that the worker has it */
    bool refused;
    bool guest_dead;
    bool change_wanted, changing;
    unsigned front, back; /* as last seen */
    unsigned failures;    /* of opening or starting, in a row */
    unsigned refusals;    /* soon after each other */
    int64_t refused_ns;   /* the last one */
    unsigned closes;      /* by the front end, since window_ns */
    int64_t window_ns;
    int64_t busy_since_ns;                              /* 0: is not */
    struct worker_message answer;                       /* the last WORKER_CONNECTED */
    struct event_timer again;                           /* set: not to be opened or connected before */
    struct event_timer deadline;                        /* of the worker's answer */
    char error[sizeof(((struct failure *)NULL)->text)]; /* as it stands in the store */
};

/* ---- devices.c ---- */

/* Connects to the store and looks at all there is. 0, or -1 with errno. */
int devices_start(struct devices *all);
/* Looks at it soon, and at all others that are marked. */
void devices_mark(struct served_device *m);
void devices_remove(struct served_device *m);
void devices_store_failed(struct devices *all);

/* ---- device_run.c ---- */

void device_run(struct served_device *m);
void device_worker_message(struct served_device *m, const struct worker_message *message);
void device_worker_died(struct served_device *m, const char *how);

/* ---- device_store.c ---- */

enum device_seen { DEVICE_SEEN, DEVICE_GONE, DEVICE_STORE_FAILED };

/* Reads the states of both ends and whether the device is wanted. GONE: there are no nodes, or not all yet. */
enum device_seen device_store_look(struct served_device *m, bool *online);
/* Writes the back end's state, if it is still the one last seen. false: it is not, or the store failed. */
bool device_store_say(struct served_device *m, unsigned state);
/* The device can't be opened / can again: for the tools. */
void device_store_say_broken(struct served_device *m, const char *text);
void device_store_say_ready(struct served_device *m);
/* The front end's fault, for its reader. */
void device_store_say_error(struct served_device *m, const char *text);
/* Removes what was written after somebody else had removed the nodes. */
void device_store_sweep(struct served_device *m);

#endif
