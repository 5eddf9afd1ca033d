/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pv-drivers/common/grant_pages.c against a hypervisor made of the functions below: grants above GRANTS_GOOD are
 * wrong, each mapped page is a number.
 */
#include "common/grant_pages.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GRANTS_GOOD 10000u
#define OWN_FIRST   20000u
#define OWN_PAGES   4

static unsigned mapped[GRANTS_GOOD], mapped_now, maps, copy_calls;
static bool copy_fails, share_fails;
static uint8_t own_memory[OWN_PAGES * 4096];

void *xengnttab_map_domain_grant_refs(xengnttab_handle *door, uint32_t count, uint32_t domid, uint32_t *refs, int prot)
{
    (void)door, (void)prot;
    CU_ASSERT(domid == 7 && count == 1);
    if (refs[0] >= GRANTS_GOOD) {
        errno = EINVAL;
        return NULL;
    }
    mapped[refs[0]]++;
    mapped_now++;
    maps++;
    return (void *)(uintptr_t)((refs[0] + 1) * 4096ul);
}

int xengnttab_unmap(xengnttab_handle *door, void *start, uint32_t count)
{
    uintptr_t grant = (uintptr_t)start / 4096 - 1;

    (void)door;
    CU_ASSERT_FATAL(grant < GRANTS_GOOD && mapped[grant] && count == 1);
    mapped[grant]--;
    mapped_now--;
    return 0;
}

static uint8_t *own_address(const xengnttab_grant_copy_segment_t *s, bool source)
{
    uint32_t ref = source ? s->source.foreign.ref : s->dest.foreign.ref;
    uint16_t domid = source ? s->source.foreign.domid : s->dest.foreign.domid;
    uint16_t offset = source ? s->source.foreign.offset : s->dest.foreign.offset;

    CU_ASSERT_FATAL(domid == 7 || (domid == DOMID_SELF && ref - OWN_FIRST < OWN_PAGES && offset + s->len <= 4096));
    return domid == 7 ? NULL : own_memory + (ref - OWN_FIRST) * 4096 + offset;
}

static unsigned by_own_grant;

/* Both ends by grant: one of them at least is ours. */
static bool copy_own(xengnttab_grant_copy_segment_t *s)
{
    const uint8_t *from = own_address(s, true);
    uint8_t *to = own_address(s, false);

    CU_ASSERT(from || to);
    if (from && to)
        memcpy(to, from, s->len);
    by_own_grant++;
    s->status = GNTST_okay;
    return true;
}

int xengnttab_grant_copy(xengnttab_handle *door, uint32_t count, xengnttab_grant_copy_segment_t *segs)
{
    (void)door;
    copy_calls++;
    if (copy_fails)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        if (segs[i].flags == (GNTCOPY_source_gref | GNTCOPY_dest_gref) && copy_own(&segs[i]))
            continue;
        bool out = segs[i].flags == GNTCOPY_source_gref;
        uint32_t ref = out ? segs[i].source.foreign.ref : segs[i].dest.foreign.ref;
        CU_ASSERT((out ? segs[i].source.foreign.domid : segs[i].dest.foreign.domid) == 7);
        segs[i].status = ref < GRANTS_GOOD ? GNTST_okay : GNTST_bad_gntref;
    }
    return 0;
}

/* ---- pages granted to ourselves: their grants are numbers from OWN_FIRST on ---- */

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned flags)
{
    (void)logger, (void)flags;
    return share_fails ? NULL : (xengntshr_handle *)own_memory;
}

int xengntshr_close(xengntshr_handle *share)
{
    (void)share;
    return 0;
}

void *xengntshr_share_pages(xengntshr_handle *share, uint32_t domid, int count, uint32_t *refs, int writable)
{
    (void)share;
    CU_ASSERT_FATAL(domid == 0 && count == OWN_PAGES && writable);
    for (int i = 0; i < count; i++)
        refs[i] = OWN_FIRST + (uint32_t)i;
    return own_memory;
}

static void test_cache_maps_once(void)
{
    struct grant_cache *cache = grant_cache_new(NULL, 7, 4);

    maps = 0;
    for (int round = 0; round < 3; round++)
        for (uint32_t grant = 20; grant < 24; grant++) {
            CU_ASSERT(grant_cache_hold(cache, grant) == (void *)((grant + 1) * 4096ul));
            CU_ASSERT(grant_cache_hold(cache, grant) == (void *)((grant + 1) * 4096ul));
            grant_cache_release(cache, grant);
            grant_cache_release(cache, grant);
        }
    CU_ASSERT(maps == 4 && mapped_now == 4);
    grant_cache_free(cache);
    CU_ASSERT(mapped_now == 0);
}

static void test_cache_gives_up_the_least_used(void)
{
    struct grant_cache *cache = grant_cache_new(NULL, 7, 3);

    grant_cache_hold(cache, 1);
    grant_cache_hold(cache, 2);
    grant_cache_hold(cache, 3);
    errno = 0;
    CU_ASSERT(grant_cache_hold(cache, 4) == NULL && errno == ENOSPC); /* all are in use */
    CU_ASSERT(mapped[1] && mapped[2] && mapped[3]);
    grant_cache_release(cache, 3);
    grant_cache_release(cache, 2);
    CU_ASSERT(grant_cache_hold(cache, 4) != NULL);
    CU_ASSERT(mapped[1] && !mapped[2] && mapped[3] && mapped[4]);
    grant_cache_release(cache, 4);
    CU_ASSERT(grant_cache_hold(cache, 3) != NULL); /* used again: 4 is the older one now */
    grant_cache_release(cache, 3);
    CU_ASSERT(grant_cache_hold(cache, 5) != NULL);
    CU_ASSERT(mapped[1] && mapped[3] && !mapped[4] && mapped[5]);
    grant_cache_free(cache);
    CU_ASSERT(mapped_now == 0);
}

static void test_cache_of_wrong_grants(void)
{
    struct grant_cache *cache = grant_cache_new(NULL, 7, 2);

    errno = 0;
    CU_ASSERT(grant_cache_hold(cache, GRANTS_GOOD) == NULL && errno == EINVAL);
    CU_ASSERT(grant_cache_hold(cache, UINT32_MAX) == NULL);
    CU_ASSERT(grant_cache_hold(cache, 1) && grant_cache_hold(cache, 2));
    grant_cache_release(cache, 1);
    CU_ASSERT(grant_cache_hold(cache, GRANTS_GOOD) == NULL); /* costs a page that was not used, and nothing else */
    CU_ASSERT(grant_cache_hold(cache, 3) && mapped[2]);
    grant_cache_free(cache);
    CU_ASSERT(mapped_now == 0);
}

static void test_cache_at_random(void)
{
    enum { MAX = 37, GRANTS = 90 };
    struct grant_cache *cache = grant_cache_new(NULL, 7, MAX);
    unsigned held[GRANTS] = {0}, pages_held = 0;

    for (int i = 0; i < 200000; i++) {
        uint32_t grant = (uint32_t)unit_random_below(GRANTS);
        if (held[grant] && unit_random_below(3)) {
            grant_cache_release(cache, grant);
            pages_held -= --held[grant] == 0;
        } else {
            bool room = held[grant] || pages_held < MAX;
            CU_ASSERT_FATAL((grant_cache_hold(cache, grant) != NULL) == room);
            if (room)
                pages_held += held[grant]++ == 0;
        }
        CU_ASSERT_FATAL(mapped_now <= MAX && mapped[grant] <= 1 && mapped[grant] >= (held[grant] > 0));
    }
    grant_cache_free(cache);
    CU_ASSERT(mapped_now == 0);
}

static unsigned copies_done;
static uintptr_t last_owner;

static void on_done(void *context, void *owner, bool ok)
{
    CU_ASSERT(context == &copies_done);
    CU_ASSERT((uintptr_t)owner == last_owner + 1); /* in order */
    last_owner++;
    CU_ASSERT(ok == (!copy_fails && last_owner % 3 != 0));
    copies_done++;
}

static void test_copies(void)
{
    static struct grant_copies copies;
    uint8_t place[4096];
    const uintptr_t n = GRANT_COPIES_MAX + 10;

    copies = (struct grant_copies){.domid = 7, .done = on_done, .context = &copies_done};
    grant_copies_make(&copies);
    CU_ASSERT(copy_calls == 0); /* none for nothing */
    for (uintptr_t i = 1; i <= n; i++) {
        uint32_t grant = i % 3 == 0 ? GRANTS_GOOD : 5;
        if (i % 2)
            grant_copy_from_guest(&copies, grant, 512, place, 3584, (void *)i);
        else
            grant_copy_to_guest(&copies, grant, 512, place, 3584, (void *)i);
    }
    CU_ASSERT(copy_calls == 1 && copies_done == GRANT_COPIES_MAX);
    grant_copies_make(&copies);
    CU_ASSERT(copy_calls == 2 && copies_done == n);
    copy_fails = true;
    grant_copy_from_guest(&copies, 5, 0, place, 4096, (void *)(n + 1));
    grant_copies_make(&copies);
    CU_ASSERT(copies_done == n + 1);
}

static void told(void *context, void *owner, bool ok)
{
    (void)context;
    *(unsigned *)owner += ok;
}

static void test_own_pages(void)
{
    static struct grant_copies copies;
    uint8_t elsewhere[512];
    unsigned good = 0;

    share_fails = true;
    own_pages_open(&copies.own, NULL, 0, OWN_PAGES);
    CU_ASSERT(copies.own.pages == NULL);
    share_fails = false;
    copy_fails = true; /* a hypervisor that copies between no two grants */
    own_pages_open(&copies.own, NULL, 0, OWN_PAGES);
    CU_ASSERT(copies.own.pages == NULL);
    copy_fails = false;
    own_pages_open(&copies.own, NULL, 0, OWN_PAGES);
    CU_ASSERT_FATAL(copies.own.pages == own_memory);
    copies.domid = 7;
    copies.done = told;
    by_own_grant = 0;
    grant_copy_from_guest(&copies, 5, 0, own_memory + 4096, 4096, &good);
    grant_copy_to_guest(&copies, 6, 512, own_memory + 3 * 4096 + 512, 1024, &good);
    grant_copy_to_guest(&copies, 6, 512, own_memory + 3 * 4096 - 512, 1024, &good); /* of two pages: by address */
    grant_copy_from_guest(&copies, 5, 0, elsewhere, 512, &good);
    grant_copies_make(&copies);
    CU_ASSERT(by_own_grant == 2 && good == 4);
    free(copies.own.grants);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"a grant is mapped once", test_cache_maps_once},
        {"the one used longest ago gives way", test_cache_gives_up_the_least_used},
        {"wrong grants", test_cache_of_wrong_grants},
        {"the cache at random", test_cache_at_random},
        {"copies in batches", test_copies},
        {"pages granted to ourselves", test_own_pages},
        CU_TEST_INFO_NULL,
    };

    return unit_run("grant_pages", cases);
}
