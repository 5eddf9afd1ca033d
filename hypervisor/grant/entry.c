/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See entry.h. The granter may change its entry at any moment: flags and domid are read, checked and marked as one
 * word. */
#include "grant/entry.h"
#include "lib/assert.h"

#define ENTRY_FLAGS(word) ((uint16_t)(word))
#define ENTRY_DOMID(word) ((domid_t)((word) >> 16))

static bool allows(uint32_t word, domid_t user, bool readonly)
{
    return (ENTRY_FLAGS(word) & (GTF_type_mask | GTF_sub_page)) == GTF_permit_access && ENTRY_DOMID(word) == user &&
           (readonly || !(ENTRY_FLAGS(word) & GTF_readonly));
}

/* Checks the entry for a use and marks it, in one compare-and-exchange. */
static int entry_mark(grant_entry_v1_t *shared, domid_t user, bool readonly)
{
    uint32_t *word = (uint32_t *)shared; /* flags, domid: the first half of the entry */
    uint32_t old = __atomic_load_n(word, __ATOMIC_SEQ_CST), new;
    do {
        if (!allows(old, user, readonly))
            return GNTST_general_error;
        new = old | GTF_reading | (readonly ? 0 : GTF_writing);
    } while (!__atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    return GNTST_okay;
}

int grant_entry_look(const grant_entry_v1_t *shared, domid_t user, bool readonly, uint64_t *frame)
{
    uint64_t entry = __atomic_load_n((const uint64_t *)shared, __ATOMIC_RELAXED);
    *frame = entry >> 32;
    return allows((uint32_t)entry, user, readonly) ? GNTST_okay : GNTST_general_error;
}

int grant_entry_begin(grant_entry_v1_t *shared, struct grant_active *a, domid_t user, bool readonly)
{
    bool in_use = grant_active_in_use(a);
    if (in_use && a->user != user)
        return GNTST_general_error;
    if (a->readers == UINT16_MAX || a->writers == UINT16_MAX)
        return GNTST_no_space;
    if (!in_use || (!readonly && a->writers == 0)) {
        int r = entry_mark(shared, user, readonly);
        if (r != GNTST_okay)
            return r;
    }
    if (!in_use) {
        a->user = user;
        a->frame = __atomic_load_n(&shared->frame, __ATOMIC_RELAXED);
    }
    if (readonly)
        a->readers++;
    else
        a->writers++;
    return GNTST_okay;
}

void grant_entry_end(grant_entry_v1_t *shared, struct grant_active *a, bool readonly)
{
    uint16_t *count = readonly ? &a->readers : &a->writers;
    ASSERT(*count > 0);
    (*count)--;
    uint16_t clear = 0;
    if (a->writers == 0)
        clear |= GTF_writing;
    if (!grant_active_in_use(a))
        clear |= GTF_reading;
    if (clear)
        __atomic_fetch_and(&shared->flags, (uint16_t)~clear, __ATOMIC_SEQ_CST);
}
