/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See page_map.h. */
#include "guest/page_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PER_PAGE  512u
#define PFNS_MAX  (1ull << 27) /* what one page at the top can describe */
#define FRAME_MAX (1ull << 52) /* above are marks that Linux makes: foreign, identity, none */

/* Copies count frame numbers, PER_PAGE in each of the pages. A page that cannot be mapped has none. */
static void read_numbers(xenforeignmemory_handle *memory, unsigned domid, const xen_pfn_t *pages, xen_pfn_t *out,
                         uint64_t count)
{
    for (uint64_t at = 0, page = 0; at < count; at += PER_PAGE, page++) {
        uint64_t n = count - at < PER_PAGE ? count - at : PER_PAGE;
        int error = EFAULT;
        void *from = NULL;
        memset(out + at, 0xff, n * sizeof(*out));
        if (pages[page] < FRAME_MAX)
            from = xenforeignmemory_map(memory, domid, PROT_READ, 1, &pages[page], &error);
        if (!from)
            continue;
        if (!error)
            memcpy(out + at, from, n * sizeof(*out));
        xenforeignmemory_unmap(memory, from, 1);
    }
}

static uint64_t pages_for(uint64_t count)
{
    return (count + PER_PAGE - 1) / PER_PAGE;
}

static int collect(const xen_pfn_t *frames, uint64_t pfns, struct page_map *map)
{
    map->entries = malloc((pfns + 1) * sizeof(*map->entries));
    map->count = 0;
    if (!map->entries)
        return -1;
    for (uint64_t pfn = 0; pfn < pfns; pfn++)
        if (frames[pfn] < FRAME_MAX)
            map->entries[map->count++] = (struct page_map_entry){pfn, frames[pfn]};
    return 0;
}

int page_map_read(xenforeignmemory_handle *memory, unsigned domid, const shared_info_t *shared, struct page_map *map,
                  struct failure *failure)
{
    uint64_t pfns = shared->arch.max_pfn;
    xen_pfn_t top = shared->arch.pfn_to_mfn_frame_list_list;

    *map = (struct page_map){0};
    if (!pfns || !top || top >= FRAME_MAX)
        return failure_set(failure, "domain %u has not said where its page map is: it did not run long enough", domid);
    if (pfns > PFNS_MAX)
        return failure_set(failure, "domain %u says that its page map has an impossible size", domid);
    uint64_t leaves = pages_for(pfns), middles = pages_for(leaves);
    xen_pfn_t *middle = malloc(middles * sizeof(*middle)), *leaf = malloc(leaves * sizeof(*leaf));
    xen_pfn_t *frames = malloc(pfns * sizeof(*frames));
    int r = -1;
    if (middle && leaf && frames) {
        read_numbers(memory, domid, &top, middle, middles);
        read_numbers(memory, domid, middle, leaf, leaves);
        read_numbers(memory, domid, leaf, frames, pfns);
        r = collect(frames, pfns, map);
    }
    free(middle);
    free(leaf);
    free(frames);
    return r ? failure_errno(failure, "memory for the page map of domain %u", domid) : 0;
}
