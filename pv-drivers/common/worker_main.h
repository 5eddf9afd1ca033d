/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every worker does, whatever its kind. A kind's program is
 *
 *     int main(int argc, char **argv) { return worker_main(argc, argv, &block_ops); }
 *
 * The manager starts it as "hvblock DOMID" with its socket at WORKER_SOCKET. worker_main opens the event channel and
 * grant devices, calls the kind's start, gives up all rights (rights.h), and runs the loop until the socket ends, which
 * ends the process at once: what is begun stays in the ring for the next worker. Messages become calls of the kind.
 *
 * One thread. Everything below may be called from any callback of the loop.
 */
#ifndef HAVEN_PV_DRIVERS_COMMON_WORKER_MAIN_H
#define HAVEN_PV_DRIVERS_COMMON_WORKER_MAIN_H

#include "common/event_loop.h"
#include "common/rights.h"
#include "common/worker.h"
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
    void *of_kind; /* the kind's own */
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

    /* Once, with all rights still there: opens what can't be opened later (io_uring: with restrictions registered, or
     * it would be a way around the filter of system calls). 0, or -1 with the reason. May be NULL. */
    int (*start)(struct worker *w, struct failure *failure);
    int (*connect)(struct worker *w, const struct worker_message *m, const int *files, unsigned count,
                   struct failure *failure);
    int (*change)(struct worker *w, const struct worker_message *m, const int *files, unsigned count,
                  struct failure *failure);
    /* Finishes what is begun and answers it in the ring, then unmaps, unbinds, closes. An id that is not connected: 0.
     */
    int (*disconnect)(struct worker *w, unsigned device);
    /* Before the loop sleeps: submits and publishes what was gathered in this round. true: there is more to do, the
     * loop looks at its files without sleeping. May be NULL. */
    bool (*before_sleep)(struct worker *w);
    /* before_sleep sleeps itself and returns true: the event channels are not in the loop. See the end of this file. */
    bool own_sleep;
};

int worker_main(int argc, char **argv, const struct worker_kind_ops *ops);

/* Answers a request, or says WORKER_FAILED of its own accord: the front end's fault, the kind has let go of the device
 * (disconnect will not be called for it). text: with WORKER_FAILED only. */
void worker_answer(struct worker *w, unsigned device, enum worker_kind kind, const char *text);

/* ---- event channels ---- */

struct worker_channel {
    evtchn_port_t port; /* ours */
    bool bound;
    /* The guest notified. The port stays masked until this returns true, or until worker_channel_unmask: a busy ring
     * need not hear of each request. */
    bool (*ready)(struct worker *w, struct worker_channel *channel);
    void *owner;
};

/* Binds the guest's port, with ready and owner set by the caller. The worker before may still hold it for a moment:
 * waits for that a while. -1 with the reason. Bind before the rings are looked at: it is what keeps two workers from
 * serving one ring. Look at the rings at once then: what the guest notified meanwhile is not heard of again. */
int worker_channel_bind(struct worker *w, struct worker_channel *channel, uint32_t guest_port, struct failure *failure);
void worker_channel_unbind(struct worker *w, struct worker_channel *channel);
void worker_channel_unmask(struct worker *w, struct worker_channel *channel);
void worker_channel_notify(struct worker *w, struct worker_channel *channel);

/* ---- counters ---- */

/* Maps the file of counters; it is closed here in any case. NULL with errno: not a file of them. */
struct device_counters *worker_counters_map(int file);
void worker_counters_unmap(struct device_counters *counters);

/* ---- a kind that sleeps in its own way (own_sleep), on the event channel device, the loop's file and more ---- */

/* The device gave these ports: calls their ready. *heard (of the same size) gets those to be unmasked; returns how
 * many: they are written to the device, by the kind or by worker_channels_heard. */
unsigned worker_channels_ready(struct worker *w, const evtchn_port_t *ports, unsigned count, evtchn_port_t *heard);
void worker_channels_heard(struct worker *w, const evtchn_port_t *heard, unsigned count);
/* How long the loop has to sleep; negative: for ever. */
int64_t worker_next_timer_ns(const struct worker *w);

#endif
