/* SPDX-License-Identifier: MIT
 *
 * See memory.h.
 */
#include "memory.h"
#include "guest.h"

uint64_t *kernel_l4;
static uint64_t *mfn_list;
static uint64_t next_pfn, end_pfn; /* never yet allocated */
static void *free_list;            /* given back */
static uint64_t free_count;

#define SCRATCH_BASE (VIRT_BASE + 0x20000000ul)

uint64_t mfn_of_pfn(uint64_t pfn)
{
    return mfn_list[pfn];
}

void mfn_of_pfn_set(uint64_t pfn, uint64_t mfn)
{
    mfn_list[pfn] = mfn;
}

uint64_t pfn_of_mfn(uint64_t mfn)
{
    return ((const uint64_t *)HYPERVISOR_START)[mfn];
}

void *pfn_to_va(uint64_t pfn)
{
    return (void *)(VIRT_BASE + pfn * PAGE_SIZE);
}

uint64_t va_to_pfn(const void *va)
{
    return ((uint64_t)va - VIRT_BASE) / PAGE_SIZE;
}

uint64_t mfn_of(const void *va)
{
    return mfn_of_pfn(va_to_pfn(va));
}

uint64_t machine_of(const void *va)
{
    return mfn_of(va) * PAGE_SIZE + (uint64_t)va % PAGE_SIZE;
}

void *mfn_to_va(uint64_t mfn)
{
    return pfn_to_va(pfn_of_mfn(mfn));
}

/* ---- pages ---- */
void *page_alloc(void)
{
    void *page = free_list;

    if (page) {
        free_list = *(void **)page;
        free_count--;
    } else {
        if (next_pfn >= end_pfn)
            report_error("out of pages");
        page = pfn_to_va(next_pfn++);
    }
    return memset(page, 0, PAGE_SIZE);
}

void *pages_alloc(unsigned count)
{
    void *first;

    while (next_pfn % count)
        page_free(pfn_to_va(next_pfn++));
    if (next_pfn + count > end_pfn)
        report_error("out of pages");
    first = pfn_to_va(next_pfn);
    next_pfn += count;
    return memset(first, 0, count * PAGE_SIZE);
}

void page_free(void *page)
{
    *(void **)page = free_list;
    free_list = page;
    free_count++;
}

uint64_t pages_left(void)
{
    return free_count + end_pfn - next_pfn;
}

/* ---- hypercalls on one entry ---- */
long mmu_update_one(uint64_t ptr, uint64_t value, uint64_t domain)
{
    struct mmu_update request = {ptr, value};

    return hv_mmu_update(&request, 1, NULL, domain);
}

long pt_set(uint64_t *entry, uint64_t value)
{
    return mmu_update_one(machine_of(entry) | MMU_NORMAL_PT_UPDATE, value, DOMID_SELF);
}

long mmuext_args(unsigned cmd, uint64_t arg1, uint64_t arg2)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.mfn = arg1, .arg2.src_mfn = arg2};

    return hv_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

long mmuext(unsigned cmd, uint64_t mfn)
{
    return mmuext_args(cmd, mfn, 0);
}

long pin(int level, uint64_t mfn)
{
    return mmuext(MMUEXT_PIN_L1_TABLE + (unsigned)level - 1, mfn);
}

long unpin(uint64_t mfn)
{
    return mmuext(MMUEXT_UNPIN_TABLE, mfn);
}

long map_page(void *va, uint64_t pte)
{
    return hv_update_va_mapping(va, pte, UVMF_INVLPG);
}

long page_readonly(void *page)
{
    return map_page(page, pte_make(mfn_of(page), PTE_RO));
}

long page_writable(void *page)
{
    return map_page(page, pte_make(mfn_of(page), PTE_KERNEL));
}

/* ---- tables ---- */
uint64_t *pt_entry(uint64_t va, int level)
{
    uint64_t *table = kernel_l4;

    for (int l = 4;; l--) {
        uint64_t *entry = table + (va >> (12 + 9 * (l - 1)) & 511);

        if (l == level)
            return entry;
        if (!(*entry & PTE_P))
            return NULL;
        table = mfn_to_va((*entry & PTE_ADDR) / PAGE_SIZE);
    }
}

uint64_t *table_new(void)
{
    return page_alloc();
}

void table_seal(uint64_t *table)
{
    long ret = page_readonly(table);

    if (ret)
        report_error("cannot make %p read-only: %ld", (void *)table, ret);
}

void table_unseal(uint64_t *table)
{
    long ret = page_writable(table);

    if (ret)
        report_error("cannot make %p writable: %ld", (void *)table, ret);
}

uint64_t *l4_new(void)
{
    uint64_t *table = table_new();

    for (unsigned i = 272; i < 512; i++)
        table[i] = kernel_l4[i];
    table_seal(table);
    return table;
}

static void link_table(uint64_t va, int level, uint64_t *table)
{
    uint64_t *entry = pt_entry(va, level);
    long ret;

    table_seal(table);
    ret = pt_set(entry, pte_make(mfn_of(table), PTE_TABLE));
    if (ret)
        report_error("cannot link a table at level %d for 0x%lx: %ld", level, va, ret);
}

void *scratch_va(unsigned index)
{
    return (void *)(SCRATCH_BASE + index * PAGE_SIZE);
}

uint64_t *scratch_entry(unsigned index)
{
    return pt_entry(SCRATCH_BASE + index * PAGE_SIZE, 1);
}

long scratch_set(unsigned index, uint64_t pte)
{
    return map_page(scratch_va(index), pte);
}

/* The domain starts with a part of its memory mapped; give the rest its home addresses. */
static void map_all(uint64_t mapped, uint64_t frames)
{
    for (uint64_t pfn = mapped; pfn < frames;) {
        uint64_t *table = table_new();

        for (unsigned i = 0; i < 512 && pfn < frames; i++, pfn++)
            table[pfn % 512] = pte_make(mfn_of_pfn(pfn), PTE_KERNEL);
        link_table((uint64_t)pfn_to_va(pfn - 1), 2, table);
        end_pfn = pfn;
    }
}

void memory_init(void)
{
    uint64_t mapped = 0, frames = start_info->nr_pages;

    mfn_list = (uint64_t *)start_info->mfn_list;
    kernel_l4 = (uint64_t *)start_info->pt_base;
    if (frames > DIRECT_FRAMES)
        frames = DIRECT_FRAMES;
    /* Behind the tables comes the boot stack page, and then nothing that matters. */
    next_pfn = va_to_pfn(kernel_l4) + start_info->nr_pt_frames + 1;
    for (;; mapped++) {
        uint64_t *entry = pt_entry((uint64_t)pfn_to_va(mapped), 2);

        if (!entry || !(*entry & PTE_P) || !(*pt_entry((uint64_t)pfn_to_va(mapped), 1) & PTE_P))
            break;
    }
    end_pfn = mapped;
    if (mapped % 512)
        report_error("the initial mapping ends inside a table: %lu frames", mapped);
    map_all(mapped, frames);
    link_table(SCRATCH_BASE, 2, table_new());
}
