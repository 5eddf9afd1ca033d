/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GDT and LDT of PV vCPUs.
 *
 * The guest names pages of its own. Each gets a reference of TYPE_DESC, which validates it and keeps the guest from
 * writing it, and while the vCPU runs the pages stand in its CPU's window, where GDTR and LDTR point (mm/layout.h).
 * They stand there writable for the hypervisor's part of the address space, because the CPU sets accessed bits on
 * loading a segment, and would fault if it could not.
 *
 * GDT pages that the guest did not name show a page of zeros, so that their selectors are refused (#GP) without a page
 * fault in the middle of a segment load. The LDT's limit ends with its last page.
 *
 * pv.gdt and pv.ldt change by the vCPU itself, or by others while it does not run. What stands in a window
 * is forgotten by the TLB at the CR3 load of the next switch; a change by the running vCPU itself invalidates page by
 * page.
 */
#include "guest/pv/descriptor_tables.h"
#include "cpu/x86.h"
#include "guest/pv/address_space.h"
#include "guest/pv/page_type.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "mm/hv_map.h"
#include "mm/tlb.h"

#define LDT_PAGES         16
#define WINDOW_LDT_OFFSET ((CPU_WINDOW_LDT - CPU_WINDOW_GDT) / PAGE_SIZE)
#define WINDOW_FLAGS      (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_NX)

_Static_assert(sizeof(((struct pv_segment_table *)0)->frame) == LDT_PAGES * sizeof(mfn_t), "the larger of both");

/* Never written: frames of the guest replace it in the window's entries. */
static const uint8_t zero_page[PAGE_SIZE] __aligned_(PAGE_SIZE) = {0};

/* Pages of each CPU's window in which something else stands than zeros, or nothing. Touched by that CPU only. */
static struct {
    unsigned int gdt, ldt;
} shown[CPU_MAX] = {[0 ... CPU_MAX - 1] = {.gdt = GDT_GUEST_PAGES}};

static void window_fill(pte_t *ptes, uint64_t va, const struct pv_segment_table *t, pte_t empty, unsigned int *count,
                        bool invalidate)
{
    unsigned int pages = segment_table_pages(t->entries), end = MAX(pages, *count);

    for (unsigned int i = 0; i < end; i++) {
        pte_write(&ptes[i], i < pages ? pte_make(t->frame[i], WINDOW_FLAGS | PTE_WRITE) : empty);
        if (invalidate)
            invlpg(va + i * PAGE_SIZE);
    }
    *count = pages;
}

void descriptor_tables_load(struct vcpu *v, bool invalidate)
{
    unsigned int cpu = cpu_id();
    pte_t *ptes = hv_map_cpu_window_ptes(cpu);

    window_fill(ptes, cpu_window_gdt(cpu), &v->pv.gdt, image_phys(zero_page) | WINDOW_FLAGS, &shown[cpu].gdt,
                invalidate);
    window_fill(ptes + WINDOW_LDT_OFFSET, cpu_window_ldt(cpu), &v->pv.ldt, 0, &shown[cpu].ldt, invalidate);
    desc_load_ldt(v->pv.ldt.entries);
}

/* Gives back the typed references of 'count' frames. */
static void frames_put(struct domain *d, const mfn_t *frame, unsigned int count)
{
    spin_lock(&d->page_table_lock);
    for (unsigned int i = 0; i < count; i++)
        (void)page_type_put(d, frame_of(frame[i]), false);
    spin_unlock(&d->page_table_lock);
}

/* Takes typed references of all frames, or none. */
static int frames_get(struct domain *d, const mfn_t *frame, unsigned int count)
{
    unsigned int i;

    spin_lock(&d->page_table_lock);
    for (i = 0; i < count; i++)
        if (page_type_get(d, frame[i], TYPE_DESC, false))
            break;
    spin_unlock(&d->page_table_lock);
    if (i == count)
        return 0;
    frames_put(d, frame, i);
    return -EINVAL;
}

/* Puts next in the place of *t, which is v's GDT or LDT. */
static int table_replace(struct vcpu *v, struct pv_segment_table *t, const struct pv_segment_table *next, uint64_t base)
{
    struct pv_segment_table old = *t;

    if (frames_get(v->domain, next->frame, segment_table_pages(next->entries))) {
        log_guest("%s of %u entries refused\n", t == &v->pv.gdt ? "GDT" : "LDT", next->entries);
        return -EINVAL;
    }
    *t = *next;
    if (t == &v->pv.ldt)
        v->pv.ldt_base = base;
    if (v == current)
        descriptor_tables_load(v, true);
    frames_put(v->domain, old.frame, segment_table_pages(old.entries));
    return 0;
}

int descriptor_tables_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries)
{
    struct pv_segment_table next = {.entries = (uint16_t)entries};

    if (entries > GDT_GUEST_PAGES * DESCRIPTORS_PER_PAGE)
        return -EINVAL;
    for (unsigned int i = 0; i < segment_table_pages(entries); i++)
        next.frame[i] = MFN(frames[i]);
    return table_replace(v, &v->pv.gdt, &next, 0);
}

int descriptor_tables_set_ldt(struct vcpu *v, uint64_t base, unsigned int entries)
{
    struct pv_segment_table next = {.entries = (uint16_t)entries};

    if (entries > LDT_PAGES * DESCRIPTORS_PER_PAGE)
        return -EINVAL;
    if (!entries)
        base = 0;
    else if ((base & ~PAGE_MASK) || !guest_address_ok(base) || !guest_address_ok(base + entries * 8 - 1))
        return -EINVAL;
    if (base == v->pv.ldt_base && entries == v->pv.ldt.entries)
        return 0;
    for (unsigned int i = 0; i < segment_table_pages(entries); i++) {
        pte_t e = address_space_entry(v, base + i * PAGE_SIZE);
        if (!(e & PTE_PRESENT))
            return -EINVAL;
        next.frame[i] = pte_mfn(e);
    }
    return table_replace(v, &v->pv.ldt, &next, base);
}

void descriptor_tables_drop(struct vcpu *v)
{
    (void)descriptor_tables_set_gdt(v, NULL, 0);
    (void)descriptor_tables_set_ldt(v, 0, 0);
}

int descriptor_tables_update(struct vcpu *v, paddr_t at, uint64_t descriptor)
{
    struct domain *d = v->domain;
    mfn_t mfn = MFN(at >> PAGE_SHIFT);
    int rc = -EINVAL;

    if ((at & 7) || !descriptor_check(&descriptor) || !frame_exists(mfn) || !frame_get(frame_of(mfn), d->id))
        return -EINVAL;
    struct frame *f = frame_of(mfn);
    uint64_t *slot = direct_map(at);
    const uint64_t validated_descriptors = TYPE_DESC | TYPE_VALIDATED;

    spin_lock(&d->page_table_lock);
    bool typed = (__atomic_load_n(&f->type, __ATOMIC_ACQUIRE) & (TYPE_MASK | TYPE_VALIDATED)) == validated_descriptors;
    if (typed || page_type_get_writable(f, d->id)) {
        __atomic_store_n(slot, descriptor, __ATOMIC_RELAXED);
        if (!typed)
            page_type_put_writable(f);
        rc = 0;
    }
    spin_unlock(&d->page_table_lock);
    frame_put(f);
    return rc;
}
