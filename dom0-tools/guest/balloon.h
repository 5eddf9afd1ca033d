/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives balloons: memory/target says how much memory a domain shall have; its kernel does it, or does not. The
 * hypervisor's limit is set a little above the target, as Xen's tools do, so that a guest cannot take more than that.
 */
#ifndef HAVEN_GUEST_BALLOON_H
#define HAVEN_GUEST_BALLOON_H

#include "libhv/failure.h"
#include "libhv/hypervisor.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <xenstore.h>

#define BALLOON_SLACK_KIB 1024 /* pages that are the guest's, but not its memory */
#define BALLOON_STALL_MS  10000

/* Target and limit. */
int balloon_set_target(struct hypervisor *hv, struct xs_handle *xs, unsigned domid, uint64_t kib,
                       struct failure *failure);

enum balloon_end {
    BALLOON_END_REACHED,
    BALLOON_END_STALLED,  /* it came no nearer for BALLOON_STALL_MS */
    BALLOON_END_TIME,     /* it moves, but was too slow */
    BALLOON_END_GONE,     /* the domain ended */
    BALLOON_END_OVERRULED /* somebody set another target */
};

struct balloon_result {
    enum balloon_end end;
    uint64_t reached_kib;
    char reason[240]; /* empty when it was reached */
};

/* Waits for domain to get where memory/target tells it to be. -1: cancelled (a signal), or the reason in failure. */
int balloon_wait(struct hypervisor *hv, struct xs_handle *xs, unsigned domid, uint64_t kib, int64_t timeout_ms,
                 struct balloon_result *result, struct failure *failure);

const char *balloon_end_name(enum balloon_end end);

/* Why a domain that has current_kib may not move towards kib, for a person. */
void balloon_explain(struct hypervisor *hv, struct xs_handle *xs, unsigned domid, uint64_t current_kib, uint64_t kib,
                     bool moved, char *reason, size_t size);

#endif
