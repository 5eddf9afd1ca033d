/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to do with a guest that ended by itself, and when. Pure.
 *
 * A guest that ends again and again is restarted at most every POLICY_RESTART_INTERVAL seconds, so that a broken one
 * does not keep dom0 busy.
 */
#ifndef HAVEN_HVD_POLICY_H
#define HAVEN_HVD_POLICY_H

#include "config/guest_config.h"

#include <stdbool.h>
#include <stdint.h>

#define POLICY_RESTART_INTERVAL 5 /* s */
#define POLICY_CREATE_TRIES     5
#define POLICY_CREATE_INTERVAL  10 /* s between two tries to make a guest again */

/* The node below /haven/domain/N with the action for a guest that shut down with this code (SHUTDOWN_*); NULL: nothing
 * is to be done (it suspended itself: whoever saves it waits for that). */
const char *policy_node(int shutdown_code);

/* What is done if the node is missing or holds nonsense: nothing is lost by keeping the guest. */
#define POLICY_FALLBACK GUEST_PRESERVE

bool policy_dumps(enum guest_action action);
bool policy_restarts(enum guest_action action);

/* Restarts so far, as the store keeps them: "COUNT SECONDS". */
struct policy_restarts {
    uint64_t count, last; /* last: seconds since 1970; 0: never */
};
bool policy_parse_restarts(const char *text, struct policy_restarts *restarts);

/* When the next restart may be, in seconds since 1970. A clock that was set back does not hold it for longer than the
 * interval. */
uint64_t policy_restart_time(const struct policy_restarts *restarts, uint64_t now);

#endif
