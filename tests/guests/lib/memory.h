/* SPDX-License-Identifier: MIT
 *
 * Memory of the guest.  Two numbers name a frame: pfn (pseudo-physical, 0 to nr_pages-1, the guest's own numbering) and
 * mfn (machine).  mfn_list maps pfn to mfn; the hypervisor's machine-to-physical table maps back.
 *
 * memory_init maps every frame at VIRT_BASE + pfn * 4096 (the first DIRECT_FRAMES of them), so a page has one "home"
 * address.  Page tables are mapped read-only there, as direct paging demands; before a frame becomes a table its home
 * mapping is made read-only, and afterwards writable again.
 */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRT_BASE     0xffffffff80000000ul
#define PAGE_SIZE     4096ul
#define DIRECT_FRAMES 65536ul

#define PTE_P      0x1ul
#define PTE_RW     0x2ul
#define PTE_US     0x4ul
#define PTE_PWT    0x8ul
#define PTE_PCD    0x10ul
#define PTE_A      0x20ul
#define PTE_D      0x40ul
#define PTE_PS     0x80ul
#define PTE_G      0x100ul
#define PTE_NX     (1ul << 63)
#define PTE_ADDR   0x000ffffffffff000ul
#define PTE_TABLE  (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define PTE_KERNEL (PTE_P | PTE_RW | PTE_A | PTE_D)
#define PTE_RO     (PTE_P | PTE_A | PTE_D)
#define PTE_USER   (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

#define HYPERVISOR_START 0xffff800000000000ul
#define HYPERVISOR_END   0xffff880000000000ul

void memory_init(void);

uint64_t mfn_of_pfn(uint64_t pfn);
void mfn_of_pfn_set(uint64_t pfn, uint64_t mfn); /* for a balloon, whose pages change their frames */
uint64_t pfn_of_mfn(uint64_t mfn);
void *pfn_to_va(uint64_t pfn);
uint64_t va_to_pfn(const void *va);
uint64_t mfn_of(const void *va);     /* home addresses only */
uint64_t machine_of(const void *va); /* mfn_of * 4096 + offset */
void *mfn_to_va(uint64_t mfn);
static inline uint64_t pte_make(uint64_t mfn, uint64_t flags)
{
    return mfn << 12 | flags;
}

/* Zeroed pages at their home address; report_error when there are none left. */
void *page_alloc(void);
void page_free(void *page);
uint64_t pages_left(void);
/* A run of 2^order consecutive pfns, aligned (mfns need not be). */
void *pages_alloc(unsigned count);

/* The tables in use. */
extern uint64_t *kernel_l4;
/* The entry that maps va at the level (1 to 4), in the kernel's address space; NULL when a higher one is absent. */
uint64_t *pt_entry(uint64_t va, int level);

/* One-entry forms of mmu_update and mmuext_op. */
long pt_set(uint64_t *entry, uint64_t value); /* MMU_NORMAL_PT_UPDATE on the entry's machine address */
long mmu_update_one(uint64_t ptr, uint64_t value, uint64_t domain);
long mmuext(unsigned cmd, uint64_t mfn); /* arg1 = mfn */
long mmuext_args(unsigned cmd, uint64_t arg1, uint64_t arg2);
long pin(int level, uint64_t mfn);
long unpin(uint64_t mfn);
long map_page(void *va, uint64_t pte); /* update_va_mapping with local INVLPG */
long page_readonly(void *page);
long page_writable(void *page);

/* Tables.  table_new gives an empty page still writable; table_seal makes it read-only, ready to be linked or pinned.
 */
uint64_t *table_new(void);
void table_seal(uint64_t *table);
void table_unseal(uint64_t *table);
/* An L4 with the kernel half of the current one, sealed, not pinned. */
uint64_t *l4_new(void);

/* 512 spare page addresses behind one L1 table, empty at start. */
void *scratch_va(unsigned index);
uint64_t *scratch_entry(unsigned index);
long scratch_set(unsigned index, uint64_t pte);

#endif
