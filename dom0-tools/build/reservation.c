/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See reservation.h. */
#include "build/reservation.h"

#include <errno.h>
#include <xen/memory.h>

#define BATCH 512u /* extents in a call */

static const unsigned orders[] = {9, 0}; /* 2 MiB, or what fragmentation left */

int reservation_try_claim(struct hypervisor *hv, unsigned domid, uint64_t pages)
{
    struct xen_memory_reservation r = {.nr_extents = pages, .domid = (domid_t)domid};

    return hypervisor_call(hv, __HYPERVISOR_memory_op, XENMEM_claim_pages, &r, sizeof(r)) == 0 ? 0 : -1;
}

int reservation_end_claim(struct hypervisor *hv, unsigned domid, struct failure *failure)
{
    return reservation_try_claim(hv, domid, 0) ? failure_errno(failure, "ending the claim on memory") : 0;
}

/* One call: up to BATCH extents from pfn on. Returns how many there are now, or -1. */
static long populate_some(struct hypervisor *hv, unsigned domid, unsigned order, uint64_t pfn, uint64_t count,
                          xen_pfn_t *extents)
{
    struct xen_memory_reservation r = {
        .nr_extents = count < BATCH ? count : BATCH,
        .extent_order = order,
        .domid = (domid_t)domid,
    };

    for (uint64_t i = 0; i < r.nr_extents; i++)
        extents[i] = pfn + (i << order);
    set_xen_guest_handle(r.extent_start, extents);
    return hypervisor_call(hv, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r, sizeof(r));
}

/* Populates from *pfn on with extents of one order while the hypervisor has any. */
static int populate_order(struct hypervisor *hv, unsigned domid, unsigned order, uint64_t *pfn, uint64_t pages,
                          xen_pfn_t *p2m, xen_pfn_t *extents)
{
    while ((pages - *pfn) >> order) {
        uint64_t wanted = (pages - *pfn) >> order;
        long got = populate_some(hv, domid, order, *pfn, wanted, extents);
        if (got < 0)
            return -1;
        for (long i = 0; i < got; i++)
            for (uint64_t j = 0; j < 1ull << order; j++)
                p2m[(*pfn)++] = extents[i] + j;
        if ((uint64_t)got < (wanted < BATCH ? wanted : BATCH))
            break;
    }
    return 0;
}

int reservation_populate(struct hypervisor *hv, unsigned domid, uint64_t pages, xen_pfn_t *p2m, struct failure *failure)
{
    xen_pfn_t *extents = hypervisor_buffer_alloc(hv, BATCH * sizeof(*extents));
    uint64_t pfn = 0;
    int r = 0;

    if (!extents)
        return failure_errno(failure, "memory for a list of memory");
    for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]) && pfn < pages; i++)
        r = populate_order(hv, domid, orders[i], &pfn, pages, p2m, extents);
    hypervisor_buffer_free(hv, extents);
    if (pfn == pages)
        return 0;
    if (r == 0)
        errno = ENOMEM;
    return failure_errno(failure, "populating %llu MiB of memory, %llu MiB done", (unsigned long long)pages >> 8,
                         (unsigned long long)pfn >> 8);
}
