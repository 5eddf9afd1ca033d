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
 * pv.gdt_frame and pv.ldt_frame change by the vCPU itself, or by others while it does not run. What stands in a window
 * is forgotten by the TLB at the CR3 load of the next switch; a change by the running vCPU itself invalidates page by
 * page.
 */
#include "guest/pv/descriptor_tables.h"
#include "guest/pv/address_space.h"
#include "guest/pv/page_type.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "mm/hv_map.h"
#include "mm/tlb.h"

#define ENTRIES_PER_PAGE  (PAGE_SIZE / 8)
#define LDT_PAGES         16
#define WINDOW_LDT_OFFSET ((CPU_WINDOW_LDT - CPU_WINDOW_GDT) / PAGE_SIZE)
#define WINDOW_FLAGS      (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_NX)

/* Never written: frames of the guest replace it in the window's entries. */
static const uint8_t zero_page[PAGE_SIZE] __aligned_(PAGE_SIZE) = {0};

/* What stands in each CPU's window beyond zeros. Touched by that CPU only. */
static struct {
    uint8_t gdt_pages, ldt_pages;
} window[CPU_MAX];

static pte_t zero_pte(void)
{
    return image_phys(zero_page) | WINDOW_FLAGS;
}

static void window_write(struct vcpu *v, unsigned int cpu, bool invalidate)
{
    pte_t *ptes = hv_map_cpu_window_ptes(cpu);
    const struct pv_vcpu *pv = &v->pv;
    unsigned int ldt_pages = (unsigned int)((pv->ldt_entries + ENTRIES_PER_PAGE - 1) / ENTRIES_PER_PAGE);
    unsigned int gdt_end = MAX(pv->gdt_frames, window[cpu].gdt_pages), ldt_end = MAX(ldt_pages, window[cpu].ldt_pages);

    for (unsigned int i = 0; i < gdt_end; i++) {
        pte_write(&ptes[i], i < pv->gdt_frames ? pte_make(pv->gdt_frame[i], WINDOW_FLAGS | PTE_WRITE) : zero_pte());
        if (invalidate)
            tlb_flush_local_page(cpu_window_gdt(cpu) + i * PAGE_SIZE);
    }
    for (unsigned int i = 0; i < ldt_end; i++) {
        pte_write(&ptes[WINDOW_LDT_OFFSET + i],
                  i < ldt_pages ? pte_make(pv->ldt_frame[i], WINDOW_FLAGS | PTE_WRITE) : 0);
        if (invalidate)
            tlb_flush_local_page(cpu_window_ldt(cpu) + i * PAGE_SIZE);
    }
    window[cpu].gdt_pages = (uint8_t)pv->gdt_frames;
    window[cpu].ldt_pages = (uint8_t)ldt_pages;
}

/* The first time on a CPU: nothing but the reserved page is mapped in its window. */
static void window_init(unsigned int cpu)
{
    static cpumask_t done;
    pte_t *ptes = hv_map_cpu_window_ptes(cpu);

    if (likely(__atomic_load_n(&done, __ATOMIC_RELAXED) & CPUMASK(cpu)))
        return;
    for (unsigned int i = 0; i < GDT_GUEST_PAGES; i++)
        pte_write(&ptes[i], zero_pte());
    __atomic_fetch_or(&done, CPUMASK(cpu), __ATOMIC_RELAXED);
}

void descriptor_tables_load(struct vcpu *v)
{
    unsigned int cpu = cpu_id();

    window_init(cpu);
    window_write(v, cpu, false);
    desc_load_ldt(v->pv.ldt_entries);
}

static void reload_if_current(struct vcpu *v)
{
    if (v != current)
        return;
    window_init(cpu_id());
    window_write(v, cpu_id(), true);
    desc_load_ldt(v->pv.ldt_entries);
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

int descriptor_tables_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries)
{
    unsigned int count = (unsigned int)((entries + ENTRIES_PER_PAGE - 1) / ENTRIES_PER_PAGE);
    unsigned int old_count = v->pv.gdt_frames;
    mfn_t new_frame[GDT_GUEST_PAGES], old_frame[GDT_GUEST_PAGES];

    if (entries > GDT_GUEST_PAGES * ENTRIES_PER_PAGE)
        return -EINVAL;
    for (unsigned int i = 0; i < count; i++)
        new_frame[i] = MFN(frames[i]);
    if (frames_get(v->domain, new_frame, count)) {
        log_guest("GDT of %u entries refused\n", entries);
        return -EINVAL;
    }
    for (unsigned int i = 0; i < old_count; i++)
        old_frame[i] = v->pv.gdt_frame[i];
    for (unsigned int i = 0; i < count; i++)
        v->pv.gdt_frame[i] = new_frame[i];
    v->pv.gdt_frames = (uint16_t)count;
    v->pv.gdt_entries = (uint16_t)entries;
    reload_if_current(v);
    frames_put(v->domain, old_frame, old_count);
    return 0;
}

/* The frame behind the page of the LDT at va in the vCPU's kernel tables. */
static bool ldt_page_frame(struct vcpu *v, uint64_t va, mfn_t *mfn)
{
    pte_t e = 0;

    spin_lock(&v->domain->page_table_lock);
    const pte_t *slot = address_space_walk(v->pv.kernel_table, va, 1);
    if (slot)
        e = pte_read(slot);
    spin_unlock(&v->domain->page_table_lock);
    *mfn = pte_mfn(e);
    return e & PTE_PRESENT;
}

int descriptor_tables_set_ldt(struct vcpu *v, uint64_t base, unsigned int entries)
{
    unsigned int count = (unsigned int)((entries + ENTRIES_PER_PAGE - 1) / ENTRIES_PER_PAGE);
    unsigned int old_count = (unsigned int)((v->pv.ldt_entries + ENTRIES_PER_PAGE - 1) / ENTRIES_PER_PAGE);
    mfn_t new_frame[LDT_PAGES], old_frame[LDT_PAGES];

    if (entries > LDT_PAGES * ENTRIES_PER_PAGE)
        return -EINVAL;
    if (!entries)
        base = 0;
    else if ((base & ~PAGE_MASK) || !guest_address_ok(base) || !guest_address_ok(base + entries * 8 - 1))
        return -EINVAL;
    if (base == v->pv.ldt_base && entries == v->pv.ldt_entries)
        return 0;
    for (unsigned int i = 0; i < count; i++)
        if (!ldt_page_frame(v, base + i * PAGE_SIZE, &new_frame[i]))
            return -EINVAL;
    if (frames_get(v->domain, new_frame, count)) {
        log_guest("LDT at %lx of %u entries refused\n", (unsigned long)base, entries);
        return -EINVAL;
    }
    for (unsigned int i = 0; i < old_count; i++)
        old_frame[i] = v->pv.ldt_frame[i];
    for (unsigned int i = 0; i < count; i++)
        v->pv.ldt_frame[i] = new_frame[i];
    v->pv.ldt_base = base;
    v->pv.ldt_entries = (uint16_t)entries;
    reload_if_current(v);
    frames_put(v->domain, old_frame, old_count);
    return 0;
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
    if ((__atomic_load_n(&f->type, __ATOMIC_ACQUIRE) & (TYPE_MASK | TYPE_VALIDATED)) == validated_descriptors) {
        __atomic_store_n(slot, descriptor, __ATOMIC_RELAXED);
        rc = 0;
    } else if (page_type_get_writable(f, d->id)) {
        __atomic_store_n(slot, descriptor, __ATOMIC_RELAXED);
        page_type_put_writable(f);
        rc = 0;
    }
    spin_unlock(&d->page_table_lock);
    frame_put(f);
    return rc;
}
