/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See grant_pages.h. The cache is an array of pages, chained twice by their places in it: in hash buckets by grant, and
 * in a ring in the order of use with element 0 as its head (next of 0: used longest ago). A page is always in the ring;
 * what is held is passed over when room is sought, and moves to the end when it is held.
 */
#include "common/grant_pages.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *grant_pages_map(xengnttab_handle *door, uint32_t domid, const uint32_t *grants, uint32_t count, bool writable)
{
    return xengnttab_map_domain_grant_refs(door, count, domid, (uint32_t *)(uintptr_t)grants,
                                           writable ? PROT_READ | PROT_WRITE : PROT_READ);
}

void grant_pages_unmap(xengnttab_handle *door, void *pages, uint32_t count)
{
    xengnttab_unmap(door, pages, count);
}

static xengnttab_grant_copy_segment_t *next_copy(struct grant_copies *copies, void *owner)
{
    if (copies->count == GRANT_COPIES_MAX)
        grant_copies_make(copies);
    copies->owner[copies->count] = owner;
    return &copies->copy[copies->count++];
}

/* By which grant the bytes at address can be named, if they lie in one page of ours that has one. */
static bool own_grant(const struct own_pages *own, const void *address, uint32_t bytes, uint32_t *grant,
                      uint16_t *offset)
{
    size_t at = (size_t)((const uint8_t *)address - own->pages);

    if (at >= (size_t)own->count * GRANT_PAGE || at % GRANT_PAGE + bytes > GRANT_PAGE)
        return false;
    *grant = own->grants[at / GRANT_PAGE];
    *offset = (uint16_t)(at % GRANT_PAGE);
    return true;
}

void grant_copy_from_guest(struct grant_copies *copies, uint32_t grant, uint32_t offset, void *to, uint32_t bytes,
                           void *owner)
{
    xengnttab_grant_copy_segment_t *c = next_copy(copies, owner);
    uint32_t own;
    uint16_t at;

    c->source.foreign.ref = grant;
    c->source.foreign.offset = (uint16_t)offset;
    c->source.foreign.domid = (uint16_t)copies->domid;
    c->len = (uint16_t)bytes;
    c->flags = GNTCOPY_source_gref;
    if (!own_grant(&copies->own, to, bytes, &own, &at)) {
        c->dest.virt = to;
        return;
    }
    c->dest.foreign.ref = own;
    c->dest.foreign.offset = at;
    c->dest.foreign.domid = DOMID_SELF;
    c->flags |= GNTCOPY_dest_gref;
}

void grant_copy_to_guest(struct grant_copies *copies, uint32_t grant, uint32_t offset, const void *from, uint32_t bytes,
                         void *owner)
{
    xengnttab_grant_copy_segment_t *c = next_copy(copies, owner);
    uint32_t own;
    uint16_t at;

    c->dest.foreign.ref = grant;
    c->dest.foreign.offset = (uint16_t)offset;
    c->dest.foreign.domid = (uint16_t)copies->domid;
    c->len = (uint16_t)bytes;
    c->flags = GNTCOPY_dest_gref;
    if (!own_grant(&copies->own, from, bytes, &own, &at)) {
        c->source.virt = (void *)(uintptr_t)from;
        return;
    }
    c->source.foreign.ref = own;
    c->source.foreign.offset = at;
    c->source.foreign.domid = DOMID_SELF;
    c->flags |= GNTCOPY_source_gref;
}

/* Whether a copy by our own grants does what it should. */
static bool own_pages_work(const struct own_pages *own, xengnttab_handle *door)
{
    xengnttab_grant_copy_segment_t c = {
        .source.foreign = {.ref = own->grants[0], .domid = DOMID_SELF},
        .dest.foreign = {.ref = own->grants[own->count - 1], .offset = 8, .domid = DOMID_SELF},
        .len = 8,
        .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref,
    };
    uint8_t *to = own->pages + (size_t)(own->count - 1) * GRANT_PAGE + 8;

    memcpy(own->pages, "granted", 8);
    return !xengnttab_grant_copy(door, 1, &c) && c.status == GNTST_okay && !memcmp(to, "granted", 8);
}

void own_pages_open(struct own_pages *own, xengnttab_handle *door, uint32_t domid, uint32_t count)
{
    uint32_t *grants = calloc(count, sizeof(*grants));
    xengntshr_handle *share = grants ? xengntshr_open(NULL, 0) : NULL;
    void *pages = share ? xengntshr_share_pages(share, domid, (int)count, grants, 1) : NULL;

    *own = (struct own_pages){.pages = pages, .count = count, .grants = grants};
    if (pages && own_pages_work(own, door))
        return; /* share stays open: the grants end with it */
    if (share)
        xengntshr_close(share);
    free(grants);
    *own = (struct own_pages){.pages = NULL};
}

void grant_copies_make(struct grant_copies *copies)
{
    uint32_t count = copies->count;
    bool all_failed;

    if (!count)
        return;
    all_failed = xengnttab_grant_copy(copies->door, count, copies->copy) != 0;
    copies->count = 0;
    for (uint32_t i = 0; i < count; i++)
        copies->done(copies->context, copies->owner[i], !all_failed && copies->copy[i].status == GNTST_okay);
}

struct cached_page {
    void *address; /* NULL: free */
    uint32_t grant;
    uint32_t held;
    uint32_t previous, next; /* in the ring of use; of free ones next alone, 0 ends */
    uint32_t chain;          /* next in the bucket; 0 ends */
};

struct grant_cache {
    xengnttab_handle *door;
    uint32_t domid;
    uint32_t max;
    uint32_t free;
    uint32_t buckets; /* a power of two */
    uint32_t *bucket;
    struct cached_page page[]; /* [0] is the ring's head; 1 to max */
};

struct grant_cache *grant_cache_new(xengnttab_handle *door, uint32_t domid, uint32_t max)
{
    struct grant_cache *cache = calloc(1, sizeof(*cache) + ((size_t)max + 1) * sizeof(cache->page[0]));

    if (!cache)
        return NULL;
    cache->door = door;
    cache->domid = domid;
    cache->max = max;
    for (cache->buckets = 16; cache->buckets < max;)
        cache->buckets *= 2;
    cache->bucket = calloc(cache->buckets, sizeof(cache->bucket[0]));
    if (!cache->bucket) {
        free(cache);
        return NULL;
    }
    for (uint32_t i = 1; i < max; i++)
        cache->page[i].next = i + 1;
    cache->free = max ? 1 : 0;
    return cache;
}

void grant_cache_free(struct grant_cache *cache)
{
    if (!cache)
        return;
    for (uint32_t i = 1; i <= cache->max; i++)
        if (cache->page[i].address)
            grant_pages_unmap(cache->door, cache->page[i].address, 1);
    free(cache->bucket);
    free(cache);
}

static uint32_t *bucket_of(struct grant_cache *cache, uint32_t grant)
{
    return &cache->bucket[(grant * 2654435761u) >> 7 & (cache->buckets - 1)];
}

static uint32_t find(struct grant_cache *cache, uint32_t grant)
{
    uint32_t i = *bucket_of(cache, grant);

    while (i && cache->page[i].grant != grant)
        i = cache->page[i].chain;
    return i;
}

static void leave_ring(struct grant_cache *cache, uint32_t i)
{
    cache->page[cache->page[i].previous].next = cache->page[i].next;
    cache->page[cache->page[i].next].previous = cache->page[i].previous;
}

static void join_ring_at_end(struct grant_cache *cache, uint32_t i)
{
    uint32_t last = cache->page[0].previous;

    cache->page[i].previous = last;
    cache->page[i].next = 0;
    cache->page[last].next = i;
    cache->page[0].previous = i;
}

static void forget(struct grant_cache *cache, uint32_t i)
{
    uint32_t *link = bucket_of(cache, cache->page[i].grant);

    while (*link != i)
        link = &cache->page[*link].chain;
    *link = cache->page[i].chain;
    leave_ring(cache, i);
    grant_pages_unmap(cache->door, cache->page[i].address, 1);
    cache->page[i] = (struct cached_page){.next = cache->free};
    cache->free = i;
}

static bool make_room(struct grant_cache *cache)
{
    for (uint32_t i = cache->page[0].next; !cache->free && i; i = cache->page[i].next)
        if (!cache->page[i].held) {
            forget(cache, i);
            break;
        }
    return cache->free != 0;
}

static uint32_t map_new(struct grant_cache *cache, uint32_t grant)
{
    void *address;
    uint32_t i;

    if (!make_room(cache)) {
        errno = ENOSPC;
        return 0;
    }
    address = grant_pages_map(cache->door, cache->domid, &grant, 1, true);
    if (!address) {
        if (errno == ENOSPC)
            errno = EINVAL;
        return 0;
    }
    i = cache->free;
    cache->free = cache->page[i].next;
    cache->page[i] = (struct cached_page){.address = address, .grant = grant, .chain = *bucket_of(cache, grant)};
    *bucket_of(cache, grant) = i;
    join_ring_at_end(cache, i);
    return i;
}

void *grant_cache_hold(struct grant_cache *cache, uint32_t grant)
{
    uint32_t i = find(cache, grant);

    if (!i)
        i = map_new(cache, grant);
    if (!i)
        return NULL;
    leave_ring(cache, i);
    join_ring_at_end(cache, i);
    cache->page[i].held++;
    return cache->page[i].address;
}

void grant_cache_release(struct grant_cache *cache, uint32_t grant)
{
    uint32_t i = find(cache, grant);

    assert(i && cache->page[i].held);
    cache->page[i].held--;
}
