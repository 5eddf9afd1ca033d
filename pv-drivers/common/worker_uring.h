/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One io_uring for a worker, to work its files and to sleep in (own_sleep of worker_main.h): one system call submits
 * what was gathered, lets event channels be heard again, and waits for whatever comes first. Each operation has an
 * owner that is told of its end, from the calls below that say so.
 *
 * One thread, the one that opened it.
 */
#ifndef HAVEN_PV_DRIVERS_COMMON_WORKER_URING_H
#define HAVEN_PV_DRIVERS_COMMON_WORKER_URING_H

#include "libhv/failure.h"

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <xenevtchn.h>

#define WORKER_URING_PORTS 64

/* Part of what it belongs to; in place until it has ended. */
struct uring_operation {
    void (*ended)(struct uring_operation *operation, int result); /* result: as of the system call, or -errno */
};

struct worker_uring;

/* With all rights: a ring is a way around the filter of system calls, so it is restricted to reading, writing, polling
 * and cancelling. Room for so many entries at once. NULL with the reason. */
struct worker_uring *worker_uring_open(unsigned entries, int event_channels, int loop, struct failure *failure);

/* The next entry, to be filled in by io_uring_prep_...; it goes with the next call of one of those below. */
struct io_uring_sqe *worker_uring_next(struct worker_uring *u);
/* After the entry was filled in. */
void worker_uring_own(struct io_uring_sqe *entry, struct uring_operation *operation);

/* Submits what was gathered, if there is something, and tells of what has ended; with wait, of one thing at least. */
void worker_uring_enter(struct worker_uring *u, bool wait);

enum worker_uring_woken { WORKER_URING_EVENTS = 1, WORKER_URING_LOOP = 2 };
/* Sleeps until the event channel device has ports (WORKER_URING_EVENTS: *ports and *count), the loop's file is ready
 * (WORKER_URING_LOOP), an operation ended (which is told of), or timeout_ns passed (negative: none). Those of heard are
 * let in again first. Does not sleep if one of these has come already. */
unsigned worker_uring_sleep(struct worker_uring *u, const evtchn_port_t *heard, unsigned heard_count,
                            int64_t timeout_ns, const evtchn_port_t **ports, unsigned *count);

#endif
