/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The number of tables depends on how much is mapped, and the tables themselves are mapped: the smallest number that
 * suffices is found by trying.
 */
#include "boot/dom0_layout.h"
#include "mm/layout.h"

#define LARGE        MIB(4)
#define SPARE        KIB(512)
#define BYTES_MAX    GIB(256) /* a kernel's initial mapping beyond this is a mistake */
#define CONSOLE_ROOM 4096     /* start_info and what stands behind it: asserted in build_dom0.c */

static uint64_t page_up(uint64_t x)
{
    return ALIGN_UP(x, PAGE_SIZE);
}

/* Aligned units of 2^shift bytes that [start, end) touches. */
static uint64_t units(uint64_t start, uint64_t end, unsigned int shift)
{
    return ((end - 1) >> shift) - (start >> shift) + 1;
}

/* Tables of levels 1 to 3. */
static uint64_t tables_below_top(uint64_t start, uint64_t end)
{
    return units(start, end, 21) + units(start, end, 30) + units(start, end, 39);
}

static void place_tables(struct dom0_layout *l)
{
    for (uint64_t count = 4;; count++) {
        l->tables_end = l->tables_start + count * PAGE_SIZE;
        l->stack_start = l->tables_end;
        l->stack_end = l->stack_start + PAGE_SIZE;
        l->v_end = ALIGN_UP(l->stack_end, LARGE);
        if (l->v_end - l->stack_end < SPARE)
            l->v_end += LARGE;
        if (l->v_end <= l->v_start || 1 + tables_below_top(l->v_start, l->v_end) <= count)
            return; /* a wrap is refused by check_ranges */
    }
}

static const char *check_ranges(const struct elf_notes *n, const struct dom0_layout *l)
{
    if (l->v_end <= l->v_start || l->v_end - l->v_start > BYTES_MAX)
        return "kernel leaves no room for what is mapped behind it";
    if (l->v_start < HV_VIRT_END && l->v_end > 0x800000000000ULL)
        return "kernel's initial mapping reaches into the hypervisor's part of the address space";
    if (l->p2m_tables) {
        if (l->p2m_end < l->p2m_start || (l->p2m_start < HV_VIRT_END && l->p2m_end > 0x800000000000ULL))
            return "kernel wants its page map (INIT_P2M) at an impossible address";
        /* Tables of the two areas are counted apart, so they must not share one but the top-level table. */
        if ((n->init_p2m >> 39) <= ((l->v_end - 1) >> 39) && ((l->p2m_end - 1) >> 39) >= (l->v_start >> 39))
            return "kernel wants its page map (INIT_P2M) too near to itself";
    }
    if (l->fixed_pages > l->pages)
        return "too little memory for kernel and initial RAM disk";
    return NULL;
}

const char *dom0_layout_compute(const struct elf_notes *n, uint64_t pages, uint64_t initrd_size,
                                unsigned int ring_pages, struct dom0_layout *out)
{
    struct dom0_layout l = {
        .v_start = n->virt_base,
        .kernel_start = n->virt_start,
        .kernel_end = n->virt_end,
        .entry = n->entry,
        .pages = pages,
        .initrd_pages = page_up(initrd_size) >> PAGE_SHIFT,
        .p2m_pages = page_up(pages * sizeof(uint64_t)) >> PAGE_SHIFT,
    };
    bool p2m_apart = n->init_p2m != ELF_NOTES_UNSET;
    uint64_t at = page_up(l.kernel_end);

    if (pages > GIB(64) || initrd_size > GIB(64) || at - l.v_start > GIB(64))
        return "kernel, initial RAM disk or memory is impossibly large";

    l.initrd_start = l.initrd_end = at;
    if (!n->mod_start_pfn) {
        l.initrd_pfn = (at - l.v_start) >> PAGE_SHIFT;
        l.initrd_end = at + initrd_size;
        at = page_up(l.initrd_end);
    }
    l.p2m_start = p2m_apart ? n->init_p2m : at;
    l.p2m_end = l.p2m_start + pages * sizeof(uint64_t);
    if (!p2m_apart) {
        l.p2m_pfn = (at - l.v_start) >> PAGE_SHIFT;
        at = page_up(l.p2m_end);
    }
    l.start_info = at;
    l.rings = at + CONSOLE_ROOM;
    l.tables_start = l.rings + ring_pages * PAGE_SIZE;
    place_tables(&l);

    l.fixed_pages = (l.v_end - l.v_start) >> PAGE_SHIFT;
    if (n->mod_start_pfn) {
        l.initrd_pfn = l.fixed_pages;
        l.fixed_pages += l.initrd_pages;
    }
    if (p2m_apart) {
        l.p2m_tables = tables_below_top(l.p2m_start, l.p2m_end);
        l.p2m_tables_pfn = l.fixed_pages;
        l.p2m_pfn = l.p2m_tables_pfn + l.p2m_tables;
        l.fixed_pages = l.p2m_pfn + l.p2m_pages;
    }
    const char *wrong = check_ranges(n, &l);
    *out = l;
    return wrong;
}

void dom0_layout_describe(const struct dom0_layout *l, uint64_t initrd_size, start_info_t *si)
{
    bool mapped = l->initrd_end > l->initrd_start;

    si->nr_pages = l->pages;
    if (initrd_size) {
        si->mod_start = mapped ? l->initrd_start : l->initrd_pfn;
        si->mod_len = initrd_size;
        if (!mapped)
            si->flags |= SIF_MOD_START_PFN;
    }
    si->pt_base = l->tables_start;
    si->nr_pt_frames = (l->tables_end - l->tables_start) >> PAGE_SHIFT;
    si->mfn_list = l->p2m_start;
    si->first_p2m_pfn = l->p2m_tables ? l->p2m_tables_pfn : l->fixed_pages;
    si->nr_p2m_frames = l->p2m_tables ? l->p2m_tables + l->p2m_pages : 0;
}
