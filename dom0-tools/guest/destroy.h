/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes guests away: the domain, its nodes in the store. Everything here can be interrupted and done again.
 */
#ifndef HAVEN_GUEST_DESTROY_H
#define HAVEN_GUEST_DESTROY_H

#include "libhv/failure.h"
#include "libhv/hypervisor.h"

#include <xenstore.h>

/* A guest of ours or of another tool set. 0 also if it is gone already. */
int guest_destroy(struct hypervisor *hv, struct xs_handle *xs, unsigned domid, struct failure *failure);

/* The nodes alone, of a domain that is gone. */
void guest_remove_nodes(struct xs_handle *xs, unsigned domid);

/* Takes back what creates and destroys that were killed have left: domains that nobody finishes, nodes of domains that
 * are no more. Safe at any time, next to any other tool. */
void guest_sweep(struct hypervisor *hv, struct xs_handle *xs);

#endif
