/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PV guest's page map (pfn to machine frame), read from the guest's own memory, where it has told the hypervisor to
 * find it: a tree of three levels (public/arch-x86/xen.h). The guest is not trusted: every number is checked, and a
 * frame that is not the guest's cannot be mapped.
 */
#ifndef HAVEN_GUEST_PAGE_MAP_H
#define HAVEN_GUEST_PAGE_MAP_H

#include "libhv/failure.h"
#include <stdint.h>
#include <xen/xen.h>
#include <xenforeignmemory.h>

struct page_map_entry {
    uint64_t pfn, mfn;
};

struct page_map {
    struct page_map_entry *entries; /* of pages that are there, by rising pfn; free() it */
    uint64_t count;
};

int page_map_read(xenforeignmemory_handle *memory, unsigned domid, const shared_info_t *shared, struct page_map *map,
                  struct failure *failure);

#endif
