/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a balloon move? Fed with what a domain has each time that may have changed, it tells when the target is reached
 * and when there is nothing more to wait for. Pure.
 *
 * A domain is at its target within a MiB: kernels keep some pages apart (rings, holes) that the tools do not see.
 */
#ifndef HAVEN_GUEST_BALLOON_PROGRESS_H
#define HAVEN_GUEST_BALLOON_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define BALLOON_TOLERANCE_KIB 1024u

enum balloon_state { BALLOON_MOVES, BALLOON_REACHED, BALLOON_STALLED };

struct balloon_progress {
    uint64_t target, start;
    uint64_t nearest;    /* distance to the target, the least so far */
    int64_t advanced_ms; /* when that came to be */
};

void balloon_progress_start(struct balloon_progress *p, uint64_t target, uint64_t current, int64_t now_ms);

/* Stalled: it came no nearer for stall_ms. */
enum balloon_state balloon_progress_step(struct balloon_progress *p, uint64_t current, int64_t now_ms,
                                         int64_t stall_ms);

/* Has it moved at all? */
bool balloon_progress_any(const struct balloon_progress *p);

#endif
