/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of a guest that it granted to us: mapped (rings; data of front ends that keep their grants), or copied to and
 * from in batches. Grant numbers come from the guest and may be anything: a wrong one is an error value here, the
 * hypervisor checks them.
 *
 * One thread per struct.
 */
#ifndef HAVEN_PV_DRIVERS_COMMON_GRANT_PAGES_H
#define HAVEN_PV_DRIVERS_COMMON_GRANT_PAGES_H

#include <stdbool.h>
#include <stdint.h>
#include <xengnttab.h>

#define GRANT_PAGE 4096u

/* The guest's pages in one run of addresses, all or none: NULL with errno. */
void *grant_pages_map(xengnttab_handle *door, uint32_t domid, const uint32_t *grants, uint32_t count, bool writable);
void grant_pages_unmap(xengnttab_handle *door, void *pages, uint32_t count);

/*
 * Pages of our own that are granted to ourselves, so that copies name them by grant: the kernel need not look up what
 * lies behind an address for each copy, which costs more than the copy of a small packet. There may be none: then all
 * is done by address.
 */
struct own_pages {
    uint8_t *pages;
    uint32_t count; /* 0: there are none */
    uint32_t *grants;
};

/* Opens /dev/xen/gntalloc and tries a copy; domid is ours. All count pages or none. Never closed. */
void own_pages_open(struct own_pages *own, xengnttab_handle *door, uint32_t domid, uint32_t count);

/*
 * Copies, gathered and then made by one system call. Each has an owner, told of the end in the order of the copies:
 * ok says whether the guest's page could be read or written. A full batch is made at once.
 */
#define GRANT_COPIES_MAX 256

struct grant_copies {
    xengnttab_handle *door;
    uint32_t domid;
    struct own_pages own;
    void (*done)(void *context, void *owner, bool ok);
    void *context;
    uint32_t count;
    xengnttab_grant_copy_segment_t copy[GRANT_COPIES_MAX];
    void *owner[GRANT_COPIES_MAX];
};

/* offset + bytes is at most a page. */
void grant_copy_from_guest(struct grant_copies *copies, uint32_t grant, uint32_t offset, void *to, uint32_t bytes,
                           void *owner);
void grant_copy_to_guest(struct grant_copies *copies, uint32_t grant, uint32_t offset, const void *from, uint32_t bytes,
                         void *owner);
void grant_copies_make(struct grant_copies *copies);

/*
 * Mapped pages that the front end promised to use again (feature-persistent), at most max of them. One that is held is
 * in use by a request; of the others, the one whose last use is longest ago gives way to a new one.
 */
struct grant_cache;

struct grant_cache *grant_cache_new(xengnttab_handle *door, uint32_t domid, uint32_t max);
void grant_cache_free(struct grant_cache *cache); /* unmaps all, held or not */
/* The page, held once more. NULL with errno: ENOSPC when all are held, else the grant is wrong. */
void *grant_cache_hold(struct grant_cache *cache, uint32_t grant);
void grant_cache_release(struct grant_cache *cache, uint32_t grant);

#endif
