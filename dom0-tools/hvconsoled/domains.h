/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which guests there are: the hypervisor's list tells, the store's watches say when to look. The store may go away and
 * come back at any time; consoles that are open go on meanwhile.
 */
#ifndef HAVEN_HVCONSOLED_DOMAINS_H
#define HAVEN_HVCONSOLED_DOMAINS_H

#include "hvconsoled/console.h"
#include "libhv/hypervisor.h"

struct domains {
    struct hypervisor *hv;
    struct console_doors doors;
    struct console *consoles;
    int64_t store_retry; /* ms: when to try to reach it again; only when it is away */
};

/* Connects to the store and looks at all domains. -1 with errno when the store is away. */
int domains_connect_store(struct domains *d);
/* The store's descriptor is ready: takes all watches that fired. */
void domains_store_ready(struct domains *d);
/* This port was kicked, and is masked. */
void domains_event(struct domains *d, xenevtchn_port_or_error_t port, int64_t now_ms);
/* Consoles whose rest is over, those that have ended, and the store that was away. */
void domains_tick(struct domains *d, int64_t now_ms);
/* How long the loop may sleep, in ms; -1: for ever. */
int domains_timeout(const struct domains *d, int64_t now_ms);

#endif
