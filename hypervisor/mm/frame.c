/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * References of frames, and lists of frames.
 *
 * A free frame and one of the hypervisor have refs 0. So taking a reference never needs a lock: it only succeeds on a
 * count above zero, and while it is held the frame can neither be freed nor change hands. That is why frame_get looks
 * at the owner after it has the reference: what it read before might have been another life of the frame.
 */
#include "mm/frame.h"
#include "lib/assert.h"

uint64_t frame_table_max;
void (*frame_released)(struct frame *f);

#ifdef HAVEN_HOSTED
struct frame *frame_table;
uint64_t direct_map_start;
#endif

void frame_put_last(struct frame *f, uint32_t refs)
{
    ASSERT(!refs); /* one dropped too many; or FRAME_ALLOCATED without the reference that comes with it */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    frame_released(f);
}

bool frame_drop_allocated(struct frame *f)
{
    uint32_t refs = __atomic_load_n(&f->refs, __ATOMIC_RELAXED);

    do {
        if (!(refs & FRAME_ALLOCATED))
            return false;
    } while (!__atomic_compare_exchange_n(&f->refs, &refs, refs & ~FRAME_ALLOCATED, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    frame_put(f);
    return true;
}

void frame_list_add_tail(struct frame_list *l, struct frame *f)
{
    uint32_t n = (uint32_t)frame_mfn(f).n;

    f->prev = l->tail;
    f->next = 0;
    if (l->tail)
        frame_of(MFN(l->tail))->next = n;
    else
        l->head = n;
    l->tail = n;
    l->count++;
}

void frame_list_remove(struct frame_list *l, struct frame *f)
{
    ASSERT(l->count);
    if (f->prev)
        frame_of(MFN(f->prev))->next = f->next;
    else
        l->head = f->next;
    if (f->next)
        frame_of(MFN(f->next))->prev = f->prev;
    else
        l->tail = f->prev;
    f->prev = f->next = 0;
    l->count--;
}
