/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See balloon_progress.h. */
#include "guest/balloon_progress.h"

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a < b ? b - a : a - b;
}

void balloon_progress_start(struct balloon_progress *p, uint64_t target, uint64_t current, int64_t now_ms)
{
    *p = (struct balloon_progress){
        .target = target, .start = current, .nearest = distance(target, current), .advanced_ms = now_ms};
}

enum balloon_state balloon_progress_step(struct balloon_progress *p, uint64_t current, int64_t now_ms, int64_t stall_ms)
{
    uint64_t left = distance(p->target, current);

    if (left < p->nearest) {
        p->nearest = left;
        p->advanced_ms = now_ms;
    }
    if (left <= BALLOON_TOLERANCE_KIB)
        return BALLOON_REACHED;
    return now_ms - p->advanced_ms >= stall_ms ? BALLOON_STALLED : BALLOON_MOVES;
}

bool balloon_progress_any(const struct balloon_progress *p)
{
    return p->nearest < distance(p->target, p->start);
}
