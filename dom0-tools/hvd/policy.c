/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See policy.h. */
#include "hvd/policy.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <xen/sched.h>

const char *policy_node(int shutdown_code)
{
    switch (shutdown_code) {
    case SHUTDOWN_poweroff:
        return "on_poweroff";
    case SHUTDOWN_reboot:
        return "on_reboot";
    case SHUTDOWN_watchdog:
        return "on_watchdog";
    case SHUTDOWN_suspend:
        return NULL;
    default: /* a crash, or what we do not know: a guest that should not have ended that way */
        return "on_crash";
    }
}

bool policy_dumps(enum guest_action action)
{
    return action == GUEST_COREDUMP_DESTROY || action == GUEST_COREDUMP_RESTART;
}

bool policy_restarts(enum guest_action action)
{
    return action == GUEST_RESTART || action == GUEST_RENAME_RESTART || action == GUEST_COREDUMP_RESTART;
}

bool policy_parse_restarts(const char *text, struct policy_restarts *restarts)
{
    char *end;
    *restarts = (struct policy_restarts){0, 0};
    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    uint64_t count = strtoull(text, &end, 10);
    if (*end != ' ' || !isdigit((unsigned char)end[1]))
        return false;
    uint64_t last = strtoull(end + 1, &end, 10);
    if (*end || errno)
        return false;
    *restarts = (struct policy_restarts){count, last};
    return true;
}

uint64_t policy_restart_time(const struct policy_restarts *restarts, uint64_t now)
{
    if (!restarts->last || restarts->last > now)
        return restarts->last ? now + POLICY_RESTART_INTERVAL : now;
    uint64_t earliest = restarts->last + POLICY_RESTART_INTERVAL;
    return earliest > now ? earliest : now;
}
