/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See tables.h. Addresses only rise, so one current table per level is enough to know; the next page is taken whenever
 * an address leaves it. The layout has counted the same way.
 */
#include "build/tables.h"
#include "mm/pte.h"

#define FLAGS (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

struct writer {
    const struct dom0_layout *layout;
    const struct tables_memory *memory;
    uint64_t next;        /* page for the next table */
    uint64_t *current[5]; /* by level; those below 4 belong to region[] of the address space */
    uint64_t region[5];
};

static uint64_t entry(const struct writer *w, uint64_t pfn, uint64_t flags)
{
    return (uint64_t)w->memory->p2m[pfn] << PAGE_SHIFT | flags;
}

/* Makes current[1] the table that maps va. */
static void enter(struct writer *w, uint64_t va)
{
    for (unsigned level = 3; level >= 1; level--) {
        uint64_t region = va >> (PAGE_SHIFT + 9 * level);
        if (w->current[level] && w->region[level] == region)
            continue;
        w->current[level + 1][pte_index(va, level + 1)] = entry(w, w->next, FLAGS);
        w->current[level] = w->memory->table(w->memory->context, w->next++);
        w->region[level] = region;
    }
}

/* Maps pages from pfn on at [va, end). Tables among them are mapped read-only, as the guest's rules demand. */
static void map_range(struct writer *w, uint64_t va, uint64_t end, uint64_t pfn)
{
    const struct dom0_layout *l = w->layout;
    uint64_t first = (l->tables_start - l->v_start) >> PAGE_SHIFT, last = (l->tables_end - l->v_start) >> PAGE_SHIFT;

    w->current[1] = w->current[2] = w->current[3] = NULL;
    for (; va < end; va += PAGE_SIZE, pfn++) {
        bool table = pfn >= first && pfn < last;
        if (!w->current[1] || pte_index(va, 1) == 0)
            enter(w, va);
        w->current[1][pte_index(va, 1)] = entry(w, pfn, table ? FLAGS & ~PTE_WRITE : FLAGS);
    }
}

void tables_write(const struct dom0_layout *l, const struct tables_memory *m)
{
    uint64_t first = (l->tables_start - l->v_start) >> PAGE_SHIFT;
    struct writer w = {.layout = l, .memory = m, .next = first + 1};

    w.current[4] = m->table(m->context, first);
    map_range(&w, l->v_start, l->v_end, 0);
    if (l->p2m_tables) {
        w.next = l->p2m_tables_pfn;
        map_range(&w, l->p2m_start, ALIGN_UP(l->p2m_end, PAGE_SIZE), l->p2m_pfn);
    }
}
