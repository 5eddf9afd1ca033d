/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where things lie in dom0's address space: against what Xen 4.17 does with Debian's kernel, and for any kernel. */
#include "boot/dom0_layout.h"
#include "unit.h"
#include <string.h>

#define KERNEL 0xffffffff80000000

static const struct elf_notes debian = {
    .virt_base = KERNEL,
    .virt_start = 0xffffffff81000000,
    .virt_end = 0xffffffff84a00000,
    .entry = 0xffffffff830791c0,
    .init_p2m = 0x8000000000,
    .mod_start_pfn = true,
};

/* Debian 12's kernel, dom0_mem=768M, as Xen 4.17 places it. */
static void test_debian(void)
{
    struct dom0_layout l;

    CU_ASSERT_PTR_NULL(dom0_layout_compute(&debian, 0x30000, 0x5a2000, 0, &l));
    CU_ASSERT_EQUAL(l.p2m_start, 0x8000000000);
    CU_ASSERT_EQUAL(l.p2m_end - l.p2m_start, 0x180000);
    CU_ASSERT_EQUAL(l.start_info, 0xffffffff84a00000);
    CU_ASSERT_EQUAL(l.tables_start, 0xffffffff84a01000);
    CU_ASSERT_EQUAL(l.tables_end, 0xffffffff84a2a000);
    CU_ASSERT_EQUAL(l.stack_end, 0xffffffff84a2b000);
    CU_ASSERT_EQUAL(l.v_end, 0xffffffff84c00000);
    CU_ASSERT_EQUAL(l.p2m_tables + l.p2m_pages, 0x183);
    CU_ASSERT_EQUAL(l.initrd_pages, 0x5a2);
}

/* A small kernel without any wishes: everything in one piece behind it. */
static void test_plain(void)
{
    struct elf_notes n = debian;
    struct dom0_layout l;

    n.virt_start = KERNEL + 0x100000;
    n.virt_end = KERNEL + 0x110010;
    n.init_p2m = ELF_NOTES_UNSET;
    n.mod_start_pfn = false;
    CU_ASSERT_PTR_NULL(dom0_layout_compute(&n, 16384, 5000, 0, &l));
    CU_ASSERT_EQUAL(l.initrd_start, KERNEL + 0x111000);
    CU_ASSERT_EQUAL(l.initrd_pfn, 0x111);
    CU_ASSERT_EQUAL(l.p2m_start, KERNEL + 0x113000);
    CU_ASSERT_EQUAL(l.start_info, KERNEL + 0x133000);
    CU_ASSERT_EQUAL(l.p2m_tables, 0);
    CU_ASSERT_EQUAL(l.fixed_pages, 1024);
}

/* Any other domain has the rings of store and console between start_info and tables. */
static void test_guest(void)
{
    struct dom0_layout l;

    CU_ASSERT_PTR_NULL(dom0_layout_compute(&debian, 0x8000, 0x217000, 2, &l));
    CU_ASSERT_EQUAL(l.start_info, 0xffffffff84a00000);
    CU_ASSERT_EQUAL(l.rings, 0xffffffff84a01000);
    CU_ASSERT_EQUAL(l.tables_start, 0xffffffff84a03000);
    CU_ASSERT_EQUAL(l.stack_end, 0xffffffff84a2d000);
    CU_ASSERT_EQUAL(l.p2m_tables + l.p2m_pages, 0x43);
}

static void test_refused(void)
{
    struct elf_notes n = debian;
    struct dom0_layout l;

    CU_ASSERT_PTR_NOT_NULL(dom0_layout_compute(&n, 0x5000, 0x5a2000, 0, &l)); /* too little for kernel and module */
    CU_ASSERT_PTR_NOT_NULL(dom0_layout_compute(&n, 0x30000, UINT64_MAX, 0, &l));
    CU_ASSERT_PTR_NOT_NULL(dom0_layout_compute(&n, UINT64_MAX, 0, 0, &l));
    n.init_p2m = 0x7ffffff00000; /* runs into the hypervisor's part */
    CU_ASSERT_PTR_NOT_NULL(dom0_layout_compute(&n, 0x30000, 0, 0, &l));
    n.init_p2m = 0xffffff8000000000; /* the kernel's own top-level slot */
    CU_ASSERT_PTR_NOT_NULL(dom0_layout_compute(&n, 0x30000, 0, 0, &l));
    n = debian;
    n.mod_start_pfn = false; /* a module of 2 GiB does not fit behind the kernel */
    CU_ASSERT_PTR_NOT_NULL(dom0_layout_compute(&n, 0x300000, GIB(2), 0, &l));
    n = debian;
    n.virt_end = 0xfffffffffffff000;
    CU_ASSERT_PTR_NOT_NULL(dom0_layout_compute(&n, 0x300000, 0, 0, &l));
}

/* Tables that the builder will need for [start, end), counted one by one. */
static uint64_t tables_needed(uint64_t start, uint64_t end)
{
    uint64_t count = 0;

    for (unsigned int shift = 21; shift <= 39; shift += 9)
        for (uint64_t i = start >> shift; i <= (end - 1) >> shift; i++)
            count++;
    return count;
}

static void test_random(void)
{
    for (unsigned int round = 0; round < 20000; round++) {
        struct elf_notes n = debian;
        struct dom0_layout l;
        uint64_t initrd = unit_random_below(1u << unit_random_below(31));
        uint64_t pages = unit_random_below(1u << (10 + unit_random_below(14)));

        n.virt_base = unit_random_below(2) ? KERNEL : unit_random_below(1u << 20) << 21;
        n.virt_start = n.virt_base + unit_random_below(1u << 26);
        n.virt_end = n.virt_start + 1 + unit_random_below(1u << 26);
        n.init_p2m = unit_random_below(2) ? ELF_NOTES_UNSET : unit_random_below(1u << 18) << 21;
        n.mod_start_pfn = unit_random_below(2);
        if (dom0_layout_compute(&n, pages, initrd, 0, &l))
            continue;
        CU_ASSERT_TRUE(l.v_start <= l.kernel_start && l.kernel_end <= l.initrd_start && l.initrd_start <= l.initrd_end);
        CU_ASSERT_TRUE(l.start_info >= l.initrd_end && l.tables_start > l.start_info && l.stack_start == l.tables_end);
        CU_ASSERT_TRUE(l.stack_end + KIB(512) <= l.v_end && l.v_end % MIB(4) == 0);
        CU_ASSERT_TRUE(1 + tables_needed(l.v_start, l.v_end) <= (l.tables_end - l.tables_start) >> PAGE_SHIFT);
        CU_ASSERT_TRUE(l.p2m_pages * PAGE_SIZE >= pages * 8 && l.fixed_pages <= pages);
        if (l.p2m_tables)
            CU_ASSERT_EQUAL(l.p2m_tables, tables_needed(l.p2m_start, ALIGN_UP(l.p2m_end, PAGE_SIZE)));
        CU_ASSERT_TRUE(l.initrd_pfn + l.initrd_pages <= l.fixed_pages && l.p2m_pfn + l.p2m_pages <= l.fixed_pages);
    }
}

int main(void)
{
    CU_TestInfo cases[] = {{"Debian's kernel", test_debian},         {"a plain kernel", test_plain},
                           {"a guest that is not dom0", test_guest}, {"impossible wishes", test_refused},
                           {"random kernels", test_random},          CU_TEST_INFO_NULL};
    return unit_run("dom0_layout", cases);
}
