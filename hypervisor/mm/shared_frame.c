/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/shared_frame.h"
#include "lib/string.h"
#include "mm/buddy.h"

struct frame *shared_frame_alloc(domid_t owner)
{
    struct frame *f = buddy_alloc(0, 0);
    if (!f)
        return NULL;
    memset(direct_map_mfn(frame_mfn(f)), 0, PAGE_SIZE);
    f->type = TYPE_NONE;
    f->owner = owner;
    f->state = FRAME_SHARED;
    __atomic_store_n(&f->refs, 1, __ATOMIC_RELEASE); /* from here on the owner can take references */
    return f;
}

/* Without an owner nobody can take a new reference, not even a later domain with the same number. */
void shared_frame_free(struct frame *f)
{
    f->owner = DOMID_INVALID;
    frame_put(f);
}
