/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XENMEM_exchange: a domain gives frames and gets others, mostly many single ones for one contiguous block below an
 * address, which is what a device can do DMA to.
 *
 * The larger of the two extents is the chunk. Each chunk is exchanged as a whole or not at all:
 *   1. its input extents are read once; each frame must be the domain's with no user but its claim, and is withheld;
 *   2. fresh blocks are allocated, the new frames' names (pfns) read, their machine numbers written to the guest;
 *   3. reservation_replace swaps them; the machine-to-physical table follows.
 * A failure in 1 or 2 gives back what was taken. Between chunks the operation may be preempted: what is done is counted
 * in the guest's own structure, as the ABI says.
 */
#include "domain/vcpu.h"
#include "hypercall/continuation.h"
#include "hypercall/memory_ops.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lifecycle/reservation.h"
#include "mm/guest_copy.h"
#include "mm/heap.h"
#include "mm/m2p.h"
#include <xen/memory.h>

#define CHUNK_ORDER_MAX_DOM0 12
#define CHUNK_ORDER_MAX      9

struct exchange {
    struct domain *d;
    uint64_t in_list, out_list; /* guest addresses */
    unsigned int in_order, out_order, addr_bits;
    uint64_t frames;      /* in a chunk */
    uint64_t *old;        /* frame numbers, 'frames' of them */
    uint64_t *pfn;        /* names of the fresh blocks */
    struct frame **fresh; /* blocks */
};

static uint64_t fresh_count(const struct exchange *x)
{
    return x->frames >> x->out_order;
}

static void restore(const struct exchange *x, uint64_t count)
{
    while (count-- > 0)
        reservation_restore(x->d, MFN(x->old[count]));
}

/* Step 1. */
static int withhold_old(struct exchange *x, uint64_t chunk)
{
    uint64_t extents = x->frames >> x->in_order, taken = 0;

    for (uint64_t e = 0; e < extents; e++) {
        uint64_t first;
        int error = guest_copy_in_item(&first, x->in_list, chunk * extents + e);

        for (uint64_t i = 0; !error && i < 1ULL << x->in_order; i++) {
            x->old[taken] = first + i;
            if (reservation_withhold(x->d, MFN(first + i)))
                taken++;
            else
                error = -EINVAL;
        }
        if (error) {
            restore(x, taken);
            return error;
        }
    }
    return 0;
}

/* Step 2. *taken: blocks allocated, also on failure. */
static int prepare_fresh(struct exchange *x, uint64_t chunk, uint64_t *taken)
{
    uint64_t blocks = fresh_count(x);

    for (*taken = 0; *taken < blocks; (*taken)++) {
        x->fresh[*taken] = reservation_alloc_unassigned(x->d, x->out_order, x->addr_bits);
        if (!x->fresh[*taken])
            return -ENOMEM;
    }
    for (uint64_t i = 0; i < blocks; i++) {
        uint64_t mfn = frame_mfn(x->fresh[i]).n;

        if (guest_copy_in_item(&x->pfn[i], x->out_list, chunk * blocks + i) ||
            guest_copy_out_item(x->out_list, chunk * blocks + i, &mfn))
            return -EFAULT;
    }
    return 0;
}

static int exchange_chunk(struct exchange *x, uint64_t chunk)
{
    uint64_t taken;
    int error = withhold_old(x, chunk);

    if (error)
        return error;
    error = prepare_fresh(x, chunk, &taken);
    if (!error)
        error = reservation_replace(x->d, x->old, x->fresh, x->out_order, x->frames);
    if (error) {
        while (taken-- > 0)
            reservation_free_unassigned(x->fresh[taken], x->out_order);
        restore(x, x->frames);
        return error;
    }
    for (uint64_t i = 0; i < fresh_count(x); i++) {
        mfn_t first = frame_mfn(x->fresh[i]);
        for (uint64_t j = 0; j < 1ULL << x->out_order; j++)
            m2p_set(MFN(first.n + j), x->pfn[i] + j);
    }
    return 0;
}

/* Everything that can be said about the request without looking at the lists. */
static int check(const struct xen_memory_exchange *e)
{
    unsigned int order_max = current->domain->privileged ? CHUNK_ORDER_MAX_DOM0 : CHUNK_ORDER_MAX;

    if (e->nr_exchanged > e->in.nr_extents || e->in.domid != e->out.domid)
        return -EINVAL;
    if (e->in.extent_order > order_max || e->out.extent_order > order_max)
        return -EPERM;
    if (e->in.nr_extents > ~0UL >> order_max || e->out.nr_extents > ~0UL >> order_max)
        return -EINVAL;
    if (e->in.nr_extents << e->in.extent_order != e->out.nr_extents << e->out.extent_order)
        return -EINVAL;
    if (XENMEMF_get_address_bits(e->out.mem_flags) && XENMEMF_get_address_bits(e->out.mem_flags) <= PAGE_SHIFT)
        return -ENOMEM;
    /* Only whole chunks are ever exchanged. */
    unsigned int shift = MAX(e->in.extent_order, e->out.extent_order) - e->in.extent_order;
    uint64_t in_chunk = 1ULL << shift;
    return (e->nr_exchanged | e->in.nr_extents) & (in_chunk - 1) ? -EINVAL : 0;
}

static int allocate_lists(struct exchange *x)
{
    x->old = heap_alloc(x->frames * sizeof(*x->old));
    x->pfn = heap_alloc(fresh_count(x) * sizeof(*x->pfn));
    x->fresh = heap_alloc(fresh_count(x) * sizeof(struct frame *));
    return x->old && x->pfn && x->fresh ? 0 : -ENOMEM;
}

static void free_lists(struct exchange *x)
{
    heap_free(x->old);
    heap_free(x->pfn);
    heap_free(x->fresh);
}

/* -ERESTART: preempted, *done says how far. */
static int run(struct exchange *x, uint64_t in_extents, uint64_t *done)
{
    uint64_t per_chunk = x->frames >> x->in_order;

    for (uint64_t start = *done; *done < in_extents; *done += per_chunk) {
        if (*done != start && continuation_wanted())
            return -ERESTART;
        int error = exchange_chunk(x, *done / per_chunk);
        if (error)
            return error;
    }
    return 0;
}

static int exchange(struct domain *d, const struct xen_memory_exchange *e, uint64_t *done)
{
    struct exchange x = {
        .d = d,
        .in_list = guest_handle_va(e->in.extent_start),
        .out_list = guest_handle_va(e->out.extent_start),
        .in_order = e->in.extent_order,
        .out_order = e->out.extent_order,
        .addr_bits = XENMEMF_get_address_bits(e->out.mem_flags),
    };
    x.frames = 1ULL << MAX(x.in_order, x.out_order);

    int error = allocate_lists(&x);
    if (!error)
        error = run(&x, e->in.nr_extents, done);
    free_lists(&x);
    return error;
}

int64_t memory_op_exchange(uint64_t start, uint64_t arg)
{
    struct xen_memory_exchange e;

    (void)start;
    if (guest_copy_in(&e, arg, sizeof(e)))
        return -EFAULT;
    int error = check(&e);
    if (error)
        return error;

    int64_t refused;
    struct domain *d = memory_op_target(e.in.domid, &refused);
    if (!d)
        return refused;
    uint64_t done = e.nr_exchanged;
    error = exchange(d, &e, &done);
    domain_put(d);

    uint64_t count_at = arg + offsetof(struct xen_memory_exchange, nr_exchanged);
    if (guest_copy_out(count_at, &done, sizeof(done)))
        return -EFAULT;
    if (error == -ERESTART)
        return continuation_make(__HYPERVISOR_memory_op, 2, (uint64_t)XENMEM_exchange, arg);
    return error;
}
