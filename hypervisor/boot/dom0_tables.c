/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/dom0_tables.h"
#include "lib/assert.h"
#include "mm/layout.h"
#include "mm/pte.h"

#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define PAGE_FLAGS  (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

struct builder {
    const struct dom0_layout *layout;
    const struct dom0_memory *memory;
    uint64_t next, end; /* frame numbers for further tables */
    pte_t *top;
};

/* The table of 'level' that maps va; tables on the way are made where there are none. */
static pte_t *table_for(struct builder *b, uint64_t va, unsigned int level)
{
    pte_t *table = b->top;

    for (unsigned int l = 4; l > level; l--) {
        pte_t *entry = &table[pte_index(va, l)];
        if (!(*entry & PTE_PRESENT)) {
            ASSERT(b->next < b->end);
            *entry = pte_make(dom0_memory_frame(b->memory, b->next++), TABLE_FLAGS);
        }
        table = direct_map_mfn(pte_mfn(*entry));
    }
    return table;
}

static bool is_table(const struct dom0_layout *l, uint64_t pfn)
{
    uint64_t first = (l->tables_start - l->v_start) >> PAGE_SHIFT, last = (l->tables_end - l->v_start) >> PAGE_SHIFT;

    return pfn >= first && pfn < last;
}

/* Maps frames from pfn on at [va, end). Tables among them are mapped read-only, as the guest's rules demand. */
static void map_range(struct builder *b, uint64_t va, uint64_t end, uint64_t pfn)
{
    pte_t *table = NULL;

    for (; va < end; va += PAGE_SIZE, pfn++) {
        if (!table || pte_index(va, 1) == 0)
            table = table_for(b, va, 1);
        uint64_t flags = is_table(b->layout, pfn) ? PAGE_FLAGS & ~PTE_WRITE : PAGE_FLAGS;
        table[pte_index(va, 1)] = pte_make(dom0_memory_frame(b->memory, pfn), flags);
    }
}

mfn_t dom0_tables_build(const struct dom0_layout *l, const struct dom0_memory *m)
{
    uint64_t first = (l->tables_start - l->v_start) >> PAGE_SHIFT;
    struct builder b = {
        .layout = l,
        .memory = m,
        .next = first + 1,
        .end = (l->tables_end - l->v_start) >> PAGE_SHIFT,
        .top = dom0_memory_page(m, first),
    };

    dom0_memory_clear(m, first << PAGE_SHIFT, l->tables_end - l->tables_start);
    map_range(&b, l->v_start, l->v_end, 0);
    if (l->p2m_tables) {
        b.next = l->p2m_tables_pfn;
        b.end = l->p2m_tables_pfn + l->p2m_tables;
        dom0_memory_clear(m, b.next << PAGE_SHIFT, l->p2m_tables << PAGE_SHIFT);
        map_range(&b, l->p2m_start, ALIGN_UP(l->p2m_end, PAGE_SIZE), l->p2m_pfn);
    }
    return dom0_memory_frame(m, first);
}
