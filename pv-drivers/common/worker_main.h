/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every worker does, whatever its kind. A kind's program is
 *
 *     int main(int argc, char **argv) { return worker_main(argc, argv, &block_ops); }
 *
 * The manager starts it as "hvblock DOMID" with its socket at WORKER_SOCKET. worker_main opens the event channel and
 * grant devices, calls the kind's start, gives up all rights (rights.h), and runs the loop until the socket ends, which
 * ends the process at once: what is begun stays in the ring for the next worker. Messages become calls of the kind, and
 * before the loop looks at its files again the kind has its turns. Between them the process sleeps in the kind's
 * io_uring, on the guest's event channels, the loop's files, its timers, and what was begun on disks and networks.
 *
 * One thread. Everything below may be called from any callback of the loop.
 */
#ifndef HAVEN_PV_DRIVERS_COMMON_WORKER_MAIN_H
#define HAVEN_PV_DRIVERS_COMMON_WORKER_MAIN_H

#include "common/event_loop.h"
#include "common/rights.h"
#include "common/worker.h"
#include "common/worker_uring.h"
#include "haven/device_counters.h"
#include "libhv/failure.h"

#include <xenevtchn.h>
#include <xengnttab.h>

struct worker {
    const struct worker_kind_ops *ops;
    unsigned domid; /* whose devices these are */
    struct event_loop loop;
    xenevtchn_handle *events; /* bound to the guest's ports by worker_channel_bind only */
    xengnttab_handle *grants;
    struct worker_uring *uring; /* opened by the kind's start; the process sleeps in it */
    void *of_kind;              /* the kind's own */
};

/*
 * connect, change and disconnect answer with WORKER_LATER when they are not done yet (then the kind calls
 * worker_answer), 0 when they are, or -1 with the reason (disconnect cannot fail). There is one request at a time for a
 * device; disconnect may come while another is LATER: then only the disconnect is answered.
 *
 * Files: connect that returns 0 or WORKER_LATER keeps them and closes them when the device goes; otherwise they are
 * closed by the caller. The same for change.
 */
#define WORKER_LATER 1

struct worker_kind_ops {
    const char *name; /* "hvblock": of the process, in its lines on stderr */
    struct rights rights;

    /* Once, with all rights still there: opens w->uring, and whatever else can't be opened later. 0, or -1 with the
     * reason. */
    int (*start)(struct worker *w, struct failure *failure);
    int (*connect)(struct worker *w, const struct worker_message *m, const int *files, unsigned count,
                   struct failure *failure);
    int (*change)(struct worker *w, const struct worker_message *m, const int *files, unsigned count,
                  struct failure *failure);
    /* Finishes what is begun and answers it in the ring, then unmaps, unbinds, closes. An id that is not connected: 0.
     */
    int (*disconnect)(struct worker *w, unsigned device);
    /* Before the process sleeps: looks at what files and timers told of, and at all rings if some guest notified. true:
     * there is more to do, and no sleep. */
    bool (*turn)(struct worker *w, bool notified);
};

int worker_main(int argc, char **argv, const struct worker_kind_ops *ops);

/* Answers a request, or says WORKER_FAILED of its own accord: the front end's fault, the kind has let go of the device
 * (disconnect will not be called for it). text: with WORKER_FAILED only. */
void worker_answer(struct worker *w, unsigned device, enum worker_kind kind, const char *text);

/* ---- event channels ---- */

struct worker_channel {
    evtchn_port_t port; /* ours */
    bool bound;
};

/* Binds the guest's port. The worker before may still hold it for a moment:
 * waits for that a while. -1 with the reason. Bind before the rings are looked at: it is what keeps two workers from
 * serving one ring. Look at the rings at once then: what the guest notified meanwhile is not heard of again. */
int worker_channel_bind(struct worker *w, struct worker_channel *channel, uint32_t guest_port, struct failure *failure);
void worker_channel_unbind(struct worker *w, struct worker_channel *channel);
void worker_channel_notify(struct worker *w, struct worker_channel *channel);

/* ---- counters ---- */

/* Maps the file of counters; it is closed here in any case. NULL with errno: not a file of them. */
struct device_counters *worker_counters_map(int file);
void worker_counters_unmap(struct device_counters *counters);

#endif
