/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory is taken in a few large pieces, so that frame numbers mostly run in step with machine frames: a guest's own
 * physical contiguity is then real, which its device drivers like.
 */
#include "boot/dom0_memory.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "lifecycle/reservation.h"
#include "mm/buddy.h"
#include "mm/layout.h"

#define RESERVE_PART 16 /* what the hypervisor keeps when nothing is said: this part of memory, */
#define RESERVE_MAX  MIB(128)

static uint64_t amount_pages(const struct memory_amount *a, uint64_t free)
{
    uint64_t pages = a->bytes >> PAGE_SHIFT;

    if (!a->all_but)
        return pages;
    return pages < free ? free - pages : 0;
}

const char *dom0_memory_amount(const struct boot_options *o, uint64_t free, uint64_t *pages, uint64_t *limit)
{
    uint64_t reserve = MIN(free / RESERVE_PART, RESERVE_MAX >> PAGE_SHIFT);
    uint64_t min = o->dom0_mem_min.given ? amount_pages(&o->dom0_mem_min, free) : 0;
    uint64_t max = o->dom0_mem_max.given ? amount_pages(&o->dom0_mem_max, free) : UINT64_MAX;

    *pages = o->dom0_mem.given ? amount_pages(&o->dom0_mem, free) : free - reserve;
    *pages = MAX(*pages, min);
    *pages = MIN(*pages, max);
    *limit = o->dom0_mem_max.given ? max : UINT64_MAX;
    if (*pages <= free)
        return NULL;
    if (min && min <= free) { /* less will do */
        *pages = free;
        return NULL;
    }
    return "dom0_mem= asks for more memory than the machine has free";
}

bool dom0_memory_extend(struct dom0_memory *m, uint64_t pages)
{
    unsigned int order = BUDDY_MAX_ORDER;

    while (m->pages < pages) {
        order = MIN(order, bits_highest(pages - m->pages));
        struct frame *f = m->chunk_count < DOM0_CHUNKS_MAX ? reservation_alloc(m->d, order, 0) : NULL;
        if (!f && order == 0)
            return false;
        if (!f) {
            order--;
            continue;
        }
        m->chunk[m->chunk_count].pfn = m->pages;
        m->chunk[m->chunk_count].mfn = frame_mfn(f).n;
        m->chunk[m->chunk_count].count = 1ULL << order;
        m->chunk_count++;
        m->pages += 1ULL << order;
    }
    return true;
}

static unsigned int chunk_of(const struct dom0_memory *m, uint64_t pfn)
{
    unsigned int low = 0, high = m->chunk_count;

    ASSERT(pfn < m->pages);
    while (high - low > 1) {
        unsigned int middle = (low + high) / 2;
        if (m->chunk[middle].pfn <= pfn)
            low = middle;
        else
            high = middle;
    }
    return low;
}

mfn_t dom0_memory_frame(const struct dom0_memory *m, uint64_t pfn)
{
    unsigned int i = chunk_of(m, pfn);

    return MFN(m->chunk[i].mfn + (pfn - m->chunk[i].pfn));
}

void *dom0_memory_page(const struct dom0_memory *m, uint64_t pfn)
{
    return direct_map_mfn(dom0_memory_frame(m, pfn));
}

/* Bytes from address 'at' on, up to 'size', that lie in one piece. */
static uint64_t piece_at(const struct dom0_memory *m, uint64_t at, uint64_t size, char **start)
{
    unsigned int i = chunk_of(m, at >> PAGE_SHIFT);
    uint64_t offset = at - (m->chunk[i].pfn << PAGE_SHIFT), room = (m->chunk[i].count << PAGE_SHIFT) - offset;

    *start = (char *)direct_map_mfn(MFN(m->chunk[i].mfn)) + offset;
    return MIN(room, size);
}

void dom0_memory_clear(const struct dom0_memory *m, uint64_t at, uint64_t size)
{
    char *to;

    for (uint64_t part; size; at += part, size -= part) {
        part = piece_at(m, at, size, &to);
        memset(to, 0, part);
    }
}

void dom0_memory_write(const struct dom0_memory *m, uint64_t at, const void *src, uint64_t size)
{
    const char *from = src;
    char *to;

    for (uint64_t part; size; at += part, from += part, size -= part) {
        part = piece_at(m, at, size, &to);
        memcpy(to, from, part);
    }
}

void dom0_memory_write_map(const struct dom0_memory *m, uint64_t map_pfn)
{
    const uint64_t per_page = PAGE_SIZE / sizeof(uint64_t);
    uint64_t *m2p = (uint64_t *)M2P_RW_VIRT;
    uint64_t *map = NULL;

    for (uint64_t pfn = 0; pfn < m->pages;) {
        unsigned int i = chunk_of(m, pfn);
        uint64_t end = m->chunk[i].pfn + m->chunk[i].count;
        for (uint64_t mfn = m->chunk[i].mfn + (pfn - m->chunk[i].pfn); pfn < end; pfn++, mfn++) {
            if (!map || pfn % per_page == 0)
                map = dom0_memory_page(m, map_pfn + pfn / per_page);
            map[pfn % per_page] = mfn;
            m2p[mfn] = pfn;
        }
    }
}
