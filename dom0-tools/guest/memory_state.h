/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What memory the host and each domain have, from the hypervisor and the store: the input of memory_plan.h. A picture
 * of one moment; what is decided by it is carried out by claims and transactions, which notice what has changed since.
 *
 * dom0's floor: the stated one (hvctl mem-min), else what it can spare now: the memory that its kernel calls available,
 * less a reserve of an eighth of what it has and at least 64 MiB; never below 128 MiB. So this runs in dom0.
 */
#ifndef HAVEN_GUEST_MEMORY_STATE_H
#define HAVEN_GUEST_MEMORY_STATE_H

#include "guest/memory_plan.h"
#include "libhv/failure.h"
#include "libhv/hypervisor.h"

#include <xenstore.h>

struct memory_state {
    struct memory_host host;
    struct memory_domain *domain; /* by rising id, without the dying; free() it */
    unsigned domains;
};

int memory_state_read(struct hypervisor *hv, struct xs_handle *xs, struct memory_state *state, struct failure *failure);

/* AUTO resolved by the hypervisor's command line. */
enum memory_from memory_state_resolve(struct hypervisor *hv, enum memory_from from);

/* memory/NODE of a domain in KiB; otherwise if it has none. */
uint64_t memory_state_node(struct xs_handle *xs, xs_transaction_t t, unsigned domid, const char *node,
                           uint64_t otherwise);

/* What a guest costs besides its memory: the hypervisor's structures for it, and rounding. */
#define MEMORY_OVERHEAD_KIB 1024

#endif
