/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for a domain's memory to change. Haven says so by an event (haven/memory_event.h); on Xen nothing does, and
 * there a look is due every quarter of a second. A watch of the store that fires ends the wait, too: callers set those
 * that they want (@releaseDomain, a target). Without the store the wait goes on with the rest.
 */
#ifndef HAVEN_GUEST_MEMORY_EVENTS_H
#define HAVEN_GUEST_MEMORY_EVENTS_H

#include "libhv/hypervisor.h"

#include <xenstore.h>

struct memory_events;

/* NULL with errno. xs may have watches already. */
struct memory_events *memory_events_open(struct hypervisor *hv, struct xs_handle *xs);
void memory_events_close(struct memory_events *e);

/* What may have changed; 0: the deadline (CLOCK_MONOTONIC, store_now_ms). -1 with errno: EINTR. */
#define MEMORY_EVENT_DOMAIN 1
#define MEMORY_EVENT_STORE  2
int memory_events_wait(struct memory_events *e, int64_t deadline_ms);

#endif
