/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See domain_life.h. */
#include "hvctl/domain_life.h"

#include <string.h>

const char *domain_event_name(enum domain_event event)
{
    static const char *const names[] = {
        [DOMAIN_CREATED] = "created",   [DOMAIN_PAUSED] = "paused", [DOMAIN_UNPAUSED] = "unpaused",
        [DOMAIN_SHUTDOWN] = "shutdown", [DOMAIN_DYING] = "dying",   [DOMAIN_DESTROYED] = "destroyed",
        [DOMAIN_RENAMED] = "renamed",
    };
    return names[event];
}

typedef void teller(void *context, enum domain_event event, const domain_info *info);

/* Events of a domain that had the flags before (0 for a new one). */
static void compare_flags(uint32_t before, const domain_info *now, teller *tell, void *context)
{
    uint32_t came = now->flags & ~before, went = before & ~now->flags;
    if (came & XEN_DOMINF_paused)
        tell(context, DOMAIN_PAUSED, now);
    if (went & XEN_DOMINF_paused)
        tell(context, DOMAIN_UNPAUSED, now);
    if (came & XEN_DOMINF_shutdown)
        tell(context, DOMAIN_SHUTDOWN, now);
    if (came & XEN_DOMINF_dying)
        tell(context, DOMAIN_DYING, now);
}

/* The same domain with another UUID, as one gets that is kept beside its next life: its shared page does not move. */
static bool is_renamed(const domain_info *old, const domain_info *now)
{
    return old->shared_info_frame == now->shared_info_frame && old->cpu_time <= now->cpu_time;
}

void domain_life_compare(const domain_info *old, int old_count, const domain_info *now, int now_count, teller *tell,
                         void *context)
{
    int i = 0, k = 0;
    while (i < old_count || k < now_count) {
        bool both = i < old_count && k < now_count && old[i].domain == now[k].domain;
        bool same = both && !memcmp(old[i].handle, now[k].handle, sizeof(old[i].handle));
        if (same || (both && is_renamed(&old[i], &now[k]))) {
            if (!same)
                tell(context, DOMAIN_RENAMED, &now[k]);
            compare_flags(old[i].flags, &now[k], tell, context);
            i++;
            k++;
        } else if (both || k == now_count || (i < old_count && old[i].domain < now[k].domain)) {
            tell(context, DOMAIN_DESTROYED, &old[i++]);
        } else {
            tell(context, DOMAIN_CREATED, &now[k]);
            compare_flags(0, &now[k++], tell, context);
        }
    }
}
