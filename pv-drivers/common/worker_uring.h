/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One io_uring for a worker, to work its files and to sleep in (worker_main.h): one system call submits
 * what was gathered, lets event channels be heard again, and waits for whatever comes first. Each operation has an
 * owner that is told of its end, from the calls below that say so.
 *
 * Event channels: one poll of their device is armed for good. When it says that there is something, the worker looks at
 * its rings, whichever ports it is of; the ports are read with the next submission, which would be made anyway, and let
 * in again with the one that sleeps. So the order is sleep, work, ports, sleep. The device wakes only when it had
 * nothing unread, so nothing may be left in it.
 *
 * One thread, the one that opened it.
 */
#ifndef HAVEN_PV_DRIVERS_COMMON_WORKER_URING_H
#define HAVEN_PV_DRIVERS_COMMON_WORKER_URING_H

#include "libhv/failure.h"

#include <liburing.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xenevtchn.h>

#define WORKER_URING_PORTS 64

/* Part of what it belongs to; in place until it has ended. */
struct uring_operation {
    void (*ended)(struct uring_operation *operation, int result); /* result: as of the system call, or -errno */
};

/* What a kind of worker needs of its ring. */
struct worker_uring_plan {
    unsigned entries;          /* room for so many at once */
    const uint8_t *operations; /* IORING_OP_... beside those with which it sleeps: read, write, poll */
    unsigned operation_count;
    void *memory; /* registered as buffer 0; NULL: none */
    size_t memory_bytes;
};

struct worker_uring;

/* With all rights: a ring is a way around the filter of system calls, so it is restricted to the plan. event_channels
 * is the event channel device, loop the file of the worker's event loop. NULL with the reason. */
struct worker_uring *worker_uring_open(const struct worker_uring_plan *plan, int event_channels, int loop,
                                       struct failure *failure);

/* The next entry, to be filled in by io_uring_prep_...; it goes with the next call of one of those below. Files are
 * used by their numbers: the ring's own table would keep them open, and locked, after they were closed. */
struct io_uring_sqe *worker_uring_next(struct worker_uring *u);
/* After the entry was filled in. NULL: nobody is told of its end. */
void worker_uring_own(struct io_uring_sqe *entry, struct uring_operation *operation);

/* Submits what was gathered, if there is something, and tells of what has ended; with wait, of one thing at least.
 * true: some owner was told. */
bool worker_uring_enter(struct worker_uring *u, bool wait);

enum worker_uring_woken { WORKER_URING_EVENTS = 1, WORKER_URING_LOOP = 2 };
/* Sleeps until the event channel device has ports (WORKER_URING_EVENTS), the loop's file is ready (WORKER_URING_LOOP),
 * an operation ended (which is told of), or timeout_ns passed (negative: none). Those of heard are let in again first.
 * Does not sleep if one of these has come already. */
unsigned worker_uring_sleep(struct worker_uring *u, const evtchn_port_t *heard, unsigned heard_count,
                            int64_t timeout_ns);
/* The ports that notified since the last call; their number. They are not heard of again until they are let in. Costs
 * nothing if something was submitted since WORKER_URING_EVENTS; else owners may be told, and the next sleep is none. */
unsigned worker_uring_ports(struct worker_uring *u, evtchn_port_t ports[WORKER_URING_PORTS]);

#endif
