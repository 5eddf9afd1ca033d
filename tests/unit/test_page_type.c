/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page types, updates of entries, emulated writes and grant entries: the single rules. */
#include "guest/pv/address_space.h"
#include "guest/pv/grant_pte.h"
#include "guest/pv/page_type.h"
#include "guest/pv/pt_update.h"
#include "lib/errno.h"
#include "pv_memory.h"
#include <CUnit/Basic.h>
#include <xen/grant_table.h>

static void test_table_is_not_writable(void)
{
    pv_memory_init();
    CU_ASSERT(writable(1));
    CU_ASSERT_EQUAL(pin(1, 1), -EINVAL);
    page_type_put_writable(frame_of(MFN(1)));
    CU_ASSERT_EQUAL(pin(1, 1), 0);
    CU_ASSERT_FALSE(writable(1));
    CU_ASSERT_EQUAL(pin(1, 1), -EINVAL);
    CU_ASSERT_EQUAL(pin(1, 2), -EINVAL);

    CU_ASSERT_EQUAL(update(1, 0, entry(1, RW)), -EBUSY); /* itself */
    CU_ASSERT_EQUAL(update(1, 0, entry(1, RO)), 0);
    CU_ASSERT_EQUAL(update(1, 0, entry(1, RW)), -EBUSY);
    CU_ASSERT_EQUAL(*pv_memory_entry(1, 0), entry(1, RO));
    CU_ASSERT_EQUAL(update(1, 1, entry(2, RW)), 0);
    CU_ASSERT_EQUAL(pin(2, 1), -EINVAL);
    CU_ASSERT_EQUAL(update(1, 1, entry(2, RO)), 0); /* write protected: the reference goes */
    CU_ASSERT_EQUAL(pin(2, 1), 0);
    CU_ASSERT_EQUAL(unpin(2), 0);
    CU_ASSERT_EQUAL(unpin(2), -EINVAL);
    CU_ASSERT_EQUAL(unpin(1), 0);
    CU_ASSERT_EQUAL(refs_of(1), FRAME_ALLOCATED | 1);
    CU_ASSERT_EQUAL(refs_of(2), FRAME_ALLOCATED | 1);
    CU_ASSERT(writable(1));
}

static void test_promotion_checks_entries(void)
{
    static const pte_t bad[] = {
        RW | PTE_PSE,
        RW | PTE_GLOBAL,
        RW | PTE_PCD,
        RW | PTE_PWT,
    };

    pv_memory_init();
    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (unsigned int level = 2; level <= 4; level++) {
            *pv_memory_entry(5, 7) = entry(6, bad[i]);
            CU_ASSERT_EQUAL(pin(5, level), -EINVAL);
            CU_ASSERT_EQUAL(type_of(5) & TYPE_MASK, TYPE_NONE);
        }
    }
    *pv_memory_entry(5, 7) = entry(5, RW);
    CU_ASSERT_EQUAL(pin(5, 2), -EINVAL); /* a linear table */
    *pv_memory_entry(5, 7) = entry(FRAMES_A, RW);
    CU_ASSERT_EQUAL(pin(5, 2), -EINVAL); /* another domain's table */
    CU_ASSERT_EQUAL(pin(5, 1), -EBUSY);  /* another domain's page */
    *pv_memory_entry(5, 7) = entry(FRAMES + 100, RW);
    CU_ASSERT_EQUAL(pin(5, 2), -EINVAL);
    *pv_memory_entry(5, 7) = entry(6, PTE_PRESENT | PTE_WRITE | PTE_GLOBAL | PTE_AVAIL | PTE_NX);
    CU_ASSERT_EQUAL(pin(5, 1), 0);
    CU_ASSERT_EQUAL(*pv_memory_entry(5, 7), entry(6, RW | PTE_AVAIL | PTE_NX));
    CU_ASSERT_EQUAL(pin(IO_FIRST, 1), -EINVAL);
    CU_ASSERT_EQUAL(pin(FRAMES_A, 1), -EINVAL);
}

/* 4 -> 3 -> 2 -> 1 of frames 4, 3, 2, 1 at slot 0; 1 maps frame 9 writable at slot 0 and itself read-only at slot 1. */
static void build_tables(void)
{
    pv_memory_init();
    *pv_memory_entry(4, 0) = entry(3, RW);
    *pv_memory_entry(3, 0) = entry(2, RW);
    *pv_memory_entry(2, 0) = entry(1, RW);
    *pv_memory_entry(1, 0) = entry(9, RW);
    *pv_memory_entry(1, 1) = entry(1, RO);
    CU_ASSERT_EQUAL(pin(4, 4), 0);
    vcpu_a.pv.kernel_table = MFN(4);
    vcpu_a.pv.kernel_mode = true;
    domain_a.vm_assist = 1u << VMASST_TYPE_writable_pagetables;
}

static void test_hypervisor_slots(void)
{
    build_tables();
    CU_ASSERT_EQUAL(*pv_memory_entry(4, HV_SLOT_FIRST), 0xffff000000000000ULL + HV_SLOT_FIRST);
    for (unsigned int slot = HV_SLOT_FIRST; slot <= HV_SLOT_LAST; slot++) {
        CU_ASSERT_EQUAL(update(4, slot, 0), -EINVAL);
        CU_ASSERT_EQUAL(update(4, slot, entry(3, RW)), -EINVAL);
    }
    CU_ASSERT_EQUAL(update(4, HV_SLOT_LAST + 1, entry(3, RW)), 0);
    CU_ASSERT_EQUAL(type_of(3) & TYPE_COUNT_MASK, 2);
    CU_ASSERT_EQUAL(unpin(4), 0);
    CU_ASSERT_EQUAL(refs_of(3), FRAME_ALLOCATED | 1);
}

static void test_upper_updates(void)
{
    build_tables();
    CU_ASSERT_EQUAL(update(2, 1, entry(1, RW | PTE_PSE)), -EINVAL);
    CU_ASSERT_EQUAL(update(2, 1, entry(2, RW)), -EINVAL);
    CU_ASSERT_EQUAL(update(2, 1, entry(9, RW)), -EINVAL); /* writable in use */
    CU_ASSERT_EQUAL(update(2, 0, entry(1, RO)), 0);       /* the whole table read-only: no reference changes */
    CU_ASSERT_EQUAL(type_of(1) & TYPE_COUNT_MASK, 1);
    CU_ASSERT_EQUAL(update(2, 0, entry(8, RW)), 0); /* the old one is demoted, its entries go */
    CU_ASSERT_EQUAL(type_of(1) & TYPE_MASK, TYPE_NONE);
    CU_ASSERT_EQUAL(refs_of(9), FRAME_ALLOCATED | 1);
    CU_ASSERT_EQUAL(update_of(&domain_a, &domain_b, (2ULL << PAGE_SHIFT) + 8, 0, MMU_NORMAL_PT_UPDATE), -EINVAL);
    CU_ASSERT_EQUAL(update_of(&domain_b, &domain_b, 2ULL << PAGE_SHIFT, 0, MMU_NORMAL_PT_UPDATE), -EINVAL);
    CU_ASSERT_EQUAL(update(FRAMES, 0, 0), -EINVAL);
}

static void test_plain_memory_is_written_plainly(void)
{
    pv_memory_init();
    CU_ASSERT_EQUAL(update(7, 3, 0x0000890000000067ULL), 0);
    CU_ASSERT_EQUAL(*pv_memory_entry(7, 3), 0x0000890000000067ULL);
    CU_ASSERT_EQUAL(type_of(7), TYPE_NONE);
    spin_lock(&domain_a.page_table_lock);
    CU_ASSERT_EQUAL(page_type_get(&domain_a, MFN(7), TYPE_DESC, false), -EINVAL); /* a task state segment */
    *pv_memory_entry(7, 3) = 0;
    CU_ASSERT_EQUAL(page_type_get(&domain_a, MFN(7), TYPE_DESC, false), 0);
    spin_unlock(&domain_a.page_table_lock);
    CU_ASSERT_EQUAL(update(7, 3, 1), -EINVAL);
    CU_ASSERT_FALSE(writable(7));
}

static void test_accessed_and_dirty(void)
{
    uint64_t at = 1ULL << PAGE_SHIFT;

    build_tables();
    *pv_memory_entry(1, 0) |= PTE_ACCESSED | PTE_DIRTY;
    CU_ASSERT_EQUAL(update_of(&domain_a, &domain_a, at, entry(9, RO), MMU_PT_UPDATE_PRESERVE_AD), 0);
    CU_ASSERT_EQUAL(*pv_memory_entry(1, 0), entry(9, RO | PTE_ACCESSED | PTE_DIRTY));
    CU_ASSERT_EQUAL(update_of(&domain_a, &domain_a, at, entry(9, RO), MMU_NORMAL_PT_UPDATE), 0);
    CU_ASSERT_EQUAL(*pv_memory_entry(1, 0), entry(9, RO));
}

static void test_io_and_foreign(void)
{
    struct domain *b = &domain_b;
    int error = 0;

    build_tables();
    CU_ASSERT_EQUAL(update(1, 2, entry(IO_FIRST, RW)), 0);
    CU_ASSERT_EQUAL(*pv_memory_entry(1, 2), entry(IO_FIRST, RW | PTE_PCD | PTE_PWT));
    CU_ASSERT_EQUAL(update(1, 2, entry(IO_FIRST, RW | PTE_PAT)), 0); /* write combining is the guest's choice */
    CU_ASSERT_EQUAL(*pv_memory_entry(1, 2), entry(IO_FIRST, RW | PTE_PAT));
    CU_ASSERT_EQUAL(update(1, 2, entry(IO_READ_ONLY, RW | PTE_PCD)), 0);
    CU_ASSERT_EQUAL(*pv_memory_entry(1, 2), entry(IO_READ_ONLY, RO | PTE_PCD));
    CU_ASSERT_EQUAL(update(1, 2, entry(IO_FORBIDDEN, RO)), -EPERM);
    CU_ASSERT_EQUAL(update(1, 2, entry(0x80000, RO)), 0);         /* no memory, but allowed */
    CU_ASSERT_EQUAL(update(1, 2, entry(1ULL << 28, RO)), -EPERM); /* more address bits than the CPU has */
    CU_ASSERT_EQUAL(update(1, 2, RO | PTE_FRAME_MASK), -EINVAL);
    CU_ASSERT_EQUAL(update(1, 2, 0), 0);

    uint64_t at = (1ULL << PAGE_SHIFT) + 16;
    CU_ASSERT_EQUAL(update_of(&domain_a, b, at, entry(FRAMES_A, RW), MMU_NORMAL_PT_UPDATE), 0);
    CU_ASSERT_EQUAL(type_of(FRAMES_A), TYPE_WRITABLE | 1);
    CU_ASSERT_EQUAL(update(1, 3, entry(FRAMES_A, RW)), -EBUSY);
    CU_ASSERT_EQUAL(update_of(&domain_a, b, at, entry(9, RW), MMU_NORMAL_PT_UPDATE), -EBUSY);
    CU_ASSERT_EQUAL(update(1, 2, entry(FRAMES_A, RO)), 0); /* taking rights away needs none */
    CU_ASSERT_EQUAL(type_of(FRAMES_A) & TYPE_MASK, TYPE_NONE);
    CU_ASSERT_EQUAL(update(1, 2, entry(FRAMES_A, RW)), -EBUSY); /* but not the other way */
    CU_ASSERT_EQUAL(update(1, 2, 0), 0);
    CU_ASSERT_EQUAL(refs_of(FRAMES_A), FRAME_ALLOCATED | 1);

    /* Frames that the hypervisor shows: to read only. */
    frame_of(MFN(FRAMES_A + 1))->state = FRAME_SHARED;
    frame_of(MFN(FRAMES_A + 1))->owner = DOMID_XEN;
    struct domain *xen = pt_update_owner_get(&vcpu_a, DOMID_XEN, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(xen);
    CU_ASSERT_EQUAL(update_of(&domain_a, xen, at, entry(FRAMES_A + 1, RW), MMU_NORMAL_PT_UPDATE), -EBUSY);
    CU_ASSERT_EQUAL(update_of(&domain_a, xen, at, entry(FRAMES_A + 1, RO | PTE_PCD), MMU_NORMAL_PT_UPDATE), -EACCES);
    CU_ASSERT_EQUAL(update_of(&domain_a, xen, at, entry(FRAMES_A + 1, RO), MMU_NORMAL_PT_UPDATE), 0);
    CU_ASSERT_FALSE(page_type_get_writable(frame_of(MFN(FRAMES_A + 1)), DOMID_XEN));
    CU_ASSERT_EQUAL(pt_update_pin(&vcpu_a, xen, MFN(FRAMES_A + 1), 1), -EINVAL);
    CU_ASSERT_EQUAL(refs_of(FRAMES_A + 1), FRAME_ALLOCATED | 2);

    CU_ASSERT_PTR_EQUAL(pt_update_owner_get(&vcpu_a, DOMID_SELF, &error), &domain_a);
    CU_ASSERT_PTR_NULL(pt_update_owner_get(&vcpu_a, 1, &error));
    CU_ASSERT_EQUAL(error, -ESRCH);
    CU_ASSERT_PTR_EQUAL(pt_update_owner_get(&vcpu_a, 2, &error), &domain_b);
    domain_a.privileged = false;
    CU_ASSERT_PTR_NULL(pt_update_owner_get(&vcpu_a, 2, &error));
    CU_ASSERT_EQUAL(error, -EPERM);
    CU_ASSERT_PTR_NOT_NULL(pt_update_owner_get(&vcpu_a, DOMID_IO, &error));
}

static void test_counts_do_not_overflow(void)
{
    build_tables();
    frame_of(MFN(9))->type = TYPE_WRITABLE | TYPE_COUNT_MASK;
    CU_ASSERT_EQUAL(update(1, 2, entry(9, RW)), -EBUSY);
    frame_of(MFN(9))->type = TYPE_WRITABLE | 1;
    frame_of(MFN(9))->refs = FRAME_ALLOCATED | FRAME_REFS_MASK;
    CU_ASSERT_EQUAL(update(1, 2, entry(9, RO)), -EBUSY);
    CU_ASSERT_EQUAL(refs_of(9), FRAME_ALLOCATED | FRAME_REFS_MASK);
    frame_of(MFN(1))->type |= TYPE_COUNT_MASK;
    CU_ASSERT_EQUAL(update(2, 1, entry(1, RW)), -EINVAL);
    CU_ASSERT_FALSE(page_type_get_shared(&domain_a, MFN(1), TYPE_L1));
    frame_of(MFN(8))->refs = FRAME_ALLOCATED | (FRAME_REFS_MASK - 1);
    CU_ASSERT_EQUAL(pin(8, 1), -EINVAL);
    CU_ASSERT_EQUAL(refs_of(8), FRAME_ALLOCATED | (FRAME_REFS_MASK - 1));
    CU_ASSERT_EQUAL(type_of(8) & TYPE_MASK, TYPE_NONE);
}

static void test_stale_translations(void)
{
    pv_memory_init();
    unsigned int flushes = flush_count;
    CU_ASSERT_EQUAL(pin(8, 1), 0); /* never used before: nothing to flush */
    CU_ASSERT_EQUAL(flush_count, flushes);
    CU_ASSERT_EQUAL(unpin(8), 0);
    CU_ASSERT(writable(8)); /* could still be walked */
    CU_ASSERT_EQUAL(flush_count, flushes + 1);
    page_type_put_writable(frame_of(MFN(8)));
    CU_ASSERT(writable(8)); /* writable again: nothing to flush */
    CU_ASSERT_EQUAL(flush_count, flushes + 1);
    page_type_put_writable(frame_of(MFN(8)));
    CU_ASSERT_EQUAL(pin(8, 1), 0); /* could still be written */
    CU_ASSERT_EQUAL(flush_count, flushes + 2);
    CU_ASSERT_EQUAL(unpin(8), 0); /* flushes for the writable mapping that comes next */
    CU_ASSERT_EQUAL(flush_count, flushes + 3);
    CU_ASSERT(writable(8));
    CU_ASSERT_EQUAL(flush_count, flushes + 3);
}

/* What a pin needs is flushed before the lock is taken, so that others do not wait for it. */
static void test_flush_ahead(void)
{
    pv_memory_init();
    unsigned int flushes = flush_count;
    CU_ASSERT(writable(8));
    page_type_flush_ahead(&domain_a, MFN(8)); /* still mapped */
    CU_ASSERT_EQUAL(flush_count, flushes);
    page_type_put_writable(frame_of(MFN(8)));
    page_type_flush_ahead(&domain_b, MFN(8)); /* another's */
    page_type_flush_ahead(&domain_a, MFN(1ULL << 40));
    CU_ASSERT_EQUAL(flush_count, flushes);
    page_type_flush_ahead(&domain_a, MFN(8));
    CU_ASSERT_EQUAL(flush_count, flushes + 1);
    CU_ASSERT_EQUAL(pin(8, 1), 0);
    CU_ASSERT_EQUAL(flush_count, flushes + 1);
}

/* Another CPU writes the frame through a mapping of its own, which it removes without a flush. */
static void write_elsewhere(void)
{
    CU_ASSERT(writable(8));
    pv_memory_flush();
    page_type_put_writable(frame_of(MFN(8)));
}

static void test_stamp_is_not_outdated(void)
{
    pv_memory_init();
    CU_ASSERT(writable(8));
    pv_memory_clock_read = write_elsewhere;
    page_type_put_writable(frame_of(MFN(8)));
    CU_ASSERT_EQUAL(type_of(8), TYPE_NONE);
    unsigned int flushes = flush_count;
    CU_ASSERT_EQUAL(pin(8, 1), 0);
    CU_ASSERT_EQUAL(flush_count, flushes + 1);

    frame_of(MFN(9))->type = (TYPE_WRITABLE | 0xffffffULL << 32 | 1); /* the number taken wraps */
    frame_of(MFN(9))->refs++;
    CU_ASSERT(writable(9));
    CU_ASSERT_EQUAL(frame_of(MFN(9))->type, TYPE_WRITABLE | 2);
}

/* An address that the tables of build_tables map: page 'page', offset. */
static uint64_t va(unsigned int page, unsigned int offset)
{
    return page * PAGE_SIZE + offset;
}

static void test_emulated_writes(void)
{
    uint64_t old;
    bool swapped;

    build_tables();
    CU_ASSERT(pt_update_is_table_write(&vcpu_a, va(1, 0)));
    CU_ASSERT_FALSE(pt_update_is_table_write(&vcpu_a, va(0, 0)));
    CU_ASSERT_FALSE(pt_update_is_table_write(&vcpu_a, va(2, 0)));
    CU_ASSERT_FALSE(pt_update_is_table_write(&vcpu_a, HV_VIRT_START));

    old = entry(9, RW);
    CU_ASSERT_EQUAL(pt_update_emulated(&vcpu_a, va(1, 0), &old, entry(10, RW), 8, &swapped), 0);
    CU_ASSERT(swapped);
    CU_ASSERT_EQUAL(*pv_memory_entry(1, 0), entry(10, RW));
    CU_ASSERT_EQUAL(type_of(9) & TYPE_COUNT_MASK, 0);
    CU_ASSERT_EQUAL(type_of(10), TYPE_WRITABLE | 1);

    CU_ASSERT_EQUAL(pt_update_emulated(&vcpu_a, va(1, 0), &old, 0, 8, &swapped), 0);
    CU_ASSERT_FALSE(swapped);
    CU_ASSERT_EQUAL(old, entry(10, RW));

    old = RW; /* lock andb $0xfd: write protection of one byte */
    CU_ASSERT_EQUAL(pt_update_emulated(&vcpu_a, va(1, 0), &old, RO, 1, &swapped), 0);
    CU_ASSERT(swapped);
    CU_ASSERT_EQUAL(*pv_memory_entry(1, 0), entry(10, RO));
    CU_ASSERT_EQUAL(type_of(10) & TYPE_MASK, TYPE_NONE);

    old = 0;
    CU_ASSERT_EQUAL(pt_update_emulated(&vcpu_a, va(1, 24), &old, entry(1, RW), 8, &swapped), -EINVAL);
    CU_ASSERT_EQUAL(pt_update_emulated(&vcpu_a, va(1, 25), &old, 0, 8, &swapped), -EINVAL);
    CU_ASSERT_EQUAL(pt_update_emulated(&vcpu_a, va(0, 0), &old, 0, 8, &swapped), -EINVAL);
    CU_ASSERT_EQUAL(pt_update_va_mapping(&vcpu_a, &domain_a, va(5, 0), entry(11, RW)), 0);
    CU_ASSERT_EQUAL(*pv_memory_entry(1, 5), entry(11, RW));
    CU_ASSERT_EQUAL(pt_update_va_mapping(&vcpu_a, &domain_a, va(512, 0), entry(11, RW)), -EINVAL);
    CU_ASSERT_EQUAL(pt_update_va_mapping(&vcpu_a, &domain_a, HV_VIRT_START, 0), -EINVAL);
}

static void test_grant_entries(void)
{
    uint64_t at = (1ULL << PAGE_SHIFT) + 32;

    build_tables();
    CU_ASSERT_EQUAL(grant_pte_map(&vcpu_a, va(3, 0), MFN(FRAMES_A), GNTMAP_host_map, 0), GNTST_okay);
    CU_ASSERT_EQUAL(type_of(FRAMES_A), TYPE_WRITABLE | 1);
    CU_ASSERT_EQUAL(
        grant_pte_map(&vcpu_a, at, MFN(FRAMES_A), GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_readonly, 0),
        GNTST_okay);
    CU_ASSERT_EQUAL(refs_of(FRAMES_A), FRAME_ALLOCATED | 3);
    CU_ASSERT_EQUAL(grant_pte_map(&vcpu_a, at + 1, MFN(FRAMES_A), GNTMAP_host_map | GNTMAP_contains_pte, 0),
                    GNTST_general_error);
    CU_ASSERT_EQUAL(grant_pte_map(&vcpu_a, 9ULL << PAGE_SHIFT, MFN(FRAMES_A), GNTMAP_host_map | GNTMAP_contains_pte, 0),
                    GNTST_general_error);
    CU_ASSERT_EQUAL(grant_pte_map(&vcpu_a, va(600, 0), MFN(FRAMES_A), GNTMAP_host_map, 0), GNTST_general_error);

    CU_ASSERT_EQUAL(grant_pte_unmap(&vcpu_a, va(3, 0), 0, MFN(FRAMES_A), GNTMAP_host_map | GNTMAP_readonly),
                    GNTST_general_error);
    CU_ASSERT_EQUAL(grant_pte_unmap(&vcpu_a, va(3, 0), va(3, 0), MFN(FRAMES_A), GNTMAP_host_map), GNTST_general_error);
    CU_ASSERT_EQUAL(update(1, 6, entry(10, RW)), 0);
    CU_ASSERT_EQUAL(grant_pte_unmap(&vcpu_a, va(3, 0), va(6, 0), MFN(FRAMES_A), GNTMAP_host_map), GNTST_okay);
    CU_ASSERT_EQUAL(*pv_memory_entry(1, 3), entry(10, RW));
    CU_ASSERT_EQUAL(*pv_memory_entry(1, 6), 0);
    CU_ASSERT_EQUAL(type_of(10), TYPE_WRITABLE | 1);
    CU_ASSERT_EQUAL(
        grant_pte_unmap(&vcpu_a, at, 0, MFN(FRAMES_A), GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_readonly),
        GNTST_okay);
    CU_ASSERT_EQUAL(refs_of(FRAMES_A), FRAME_ALLOCATED | 1);

    /* Written over by other means: what the entry held goes, once. */
    CU_ASSERT_EQUAL(grant_pte_map(&vcpu_a, va(4, 0), MFN(FRAMES_A), GNTMAP_host_map, 0), GNTST_okay);
    CU_ASSERT_EQUAL(update(1, 4, 0), 0);
    CU_ASSERT_EQUAL(refs_of(FRAMES_A), FRAME_ALLOCATED | 1);
    CU_ASSERT_EQUAL(grant_pte_unmap(&vcpu_a, va(4, 0), 0, MFN(FRAMES_A), GNTMAP_host_map), GNTST_general_error);
}

/* A big L2 table of eight L1 tables, the last entry of which is bad. */
static void test_long_failure_is_finished_later(void)
{
    int rc;
    unsigned int calls = 0;

    pv_memory_init();
    for (unsigned int i = 0; i < 8; i++) {
        *pv_memory_entry(20, 10 * i) = entry(30 + i, RW);
        *pv_memory_entry(30 + i, i) = entry(9, RW);
    }
    *pv_memory_entry(20, 400) = entry(20, RW);
    page_type_budget = 600;
    while ((rc = pin(20, 2)) == -ERESTART)
        calls++;
    CU_ASSERT_EQUAL(rc, -EINVAL);
    CU_ASSERT(calls > 3);
    CU_ASSERT((type_of(20) & TYPE_PARTIAL) != 0);
    CU_ASSERT_FALSE(writable(20));
    CU_ASSERT_EQUAL(update(20, 400, 0), -EINVAL);
    for (calls = 0; pt_update_finish(&vcpu_a) == -ERESTART; calls++)
        ;
    CU_ASSERT(calls > 2);
    CU_ASSERT_EQUAL(type_of(20) & (TYPE_MASK | TYPE_PARTIAL), TYPE_NONE);
    CU_ASSERT_EQUAL(refs_of(9), FRAME_ALLOCATED | 1);
    CU_ASSERT_EQUAL(refs_of(20), FRAME_ALLOCATED | 1);

    *pv_memory_entry(20, 400) = 0;
    while ((rc = pin(20, 2)) == -ERESTART)
        ;
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT_EQUAL(type_of(9), TYPE_WRITABLE | 8);
    CU_ASSERT_EQUAL(unpin(20), 0);
    CU_ASSERT((type_of(20) & TYPE_PARTIAL) != 0); /* and in the middle of that the other way: */
    while ((rc = pin(20, 2)) == -ERESTART)
        ;
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT_EQUAL(type_of(9), TYPE_WRITABLE | 8);
    finish(); /* nothing of it is there to finish now */
    CU_ASSERT_EQUAL(unpin(20), 0);
    finish();
    CU_ASSERT_EQUAL(refs_of(9), FRAME_ALLOCATED | 1);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite s = CU_add_suite("page types", NULL, NULL);
    CU_add_test(s, "a table is not writable", test_table_is_not_writable);
    CU_add_test(s, "promotion checks entries", test_promotion_checks_entries);
    CU_add_test(s, "hypervisor slots", test_hypervisor_slots);
    CU_add_test(s, "upper updates", test_upper_updates);
    CU_add_test(s, "plain memory", test_plain_memory_is_written_plainly);
    CU_add_test(s, "accessed and dirty", test_accessed_and_dirty);
    CU_add_test(s, "I/O memory and foreign frames", test_io_and_foreign);
    CU_add_test(s, "counts do not overflow", test_counts_do_not_overflow);
    CU_add_test(s, "stale translations", test_stale_translations);
    CU_add_test(s, "flush ahead", test_flush_ahead);
    CU_add_test(s, "a stamp is not outdated", test_stamp_is_not_outdated);
    CU_add_test(s, "emulated writes", test_emulated_writes);
    CU_add_test(s, "grant entries", test_grant_entries);
    CU_add_test(s, "long failure", test_long_failure_is_finished_later);
    CU_basic_run_tests();
    int failed = CU_get_number_of_failures() != 0 || CU_get_number_of_tests_run() != 14;
    CU_cleanup_registry();
    return failed;
}
