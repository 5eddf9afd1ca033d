/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One grant (pure): the 8-byte entry that the granting domain writes, and our count of who uses it. While a grant is in
 * use its entry carries GTF_reading and perhaps GTF_writing, so that the granter can see that it may not take it back;
 * and the frame is the one that was read when the first use began, whatever the granter writes later.
 */
#ifndef HAVEN_GRANT_ENTRY_H
#define HAVEN_GRANT_ENTRY_H

#include "lib/types.h"
#include <xen/grant_table.h>

struct grant_active {
    uint16_t readers, writers; /* uses; a writer reads too, and is counted once */
    domid_t user;              /* valid while in use */
    uint64_t frame;            /* likewise: the granted frame number */
};

_Static_assert(sizeof(grant_entry_v1_t) == 8, "public ABI");
_Static_assert(sizeof(struct grant_active) == 16, "512 per shared frame fill two pages");

static inline bool grant_active_in_use(const struct grant_active *a)
{
    return a->readers | a->writers;
}

/* One more use by 'user'. GNTST_okay, or GNTST_* and nothing changed. The grant table's lock is held. */
int grant_entry_begin(grant_entry_v1_t *shared, struct grant_active *a, domid_t user, bool readonly);

/* Whether 'user' may use the entry now, and which frame it names; nothing is marked. GNTST_okay or GNTST_*. */
int grant_entry_look(const grant_entry_v1_t *shared, domid_t user, bool readonly, uint64_t *frame);

/* One use less; clears the flags that nobody needs any more. */
void grant_entry_end(grant_entry_v1_t *shared, struct grant_active *a, bool readonly);

#endif
