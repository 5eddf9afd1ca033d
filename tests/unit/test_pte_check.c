/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which bits a guest may set in entries of each level, and what becomes of an entry that maps a device. */
#include "guest/pv/pte_check.h"
#include "mm/layout.h"
#include <CUnit/Basic.h>

static void test_each_bit(void)
{
    for (unsigned int level = 1; level <= 4; level++) {
        for (unsigned int bit = 0; bit < 64; bit++) {
            pte_t e = PTE_PRESENT | 1ULL << bit;
            bool cache = bit == 3 || bit == 4 || bit == 7; /* PWT, PCD; PAT in L1, PSE above */
            bool global = bit == 8;

            CU_ASSERT_EQUAL(pte_check_flags(level, e, false), !cache && (!global || level == 1));
            CU_ASSERT_EQUAL(pte_check_flags(level, e, true), level == 1 || (!cache && !global));
        }
    }
}

static void test_hardware_entry(void)
{
    CU_ASSERT_EQUAL(pte_check_hardware(PTE_PRESENT | PTE_GLOBAL | PTE_NX | PTE_AVAIL | 0x1234000),
                    PTE_PRESENT | PTE_USER | PTE_NX | PTE_AVAIL | 0x1234000);
    CU_ASSERT_EQUAL(pte_check_hardware(PTE_PRESENT | PTE_USER | PTE_DIRTY), PTE_PRESENT | PTE_USER | PTE_DIRTY);
}

/* Write-back, write-through and write-protected memory types must not reach devices; the rest is the guest's choice. */
static void test_io(void)
{
    static const struct {
        pte_t in, out;
    } types[] = {
        {0, PTE_PCD | PTE_PWT},
        {PTE_PWT, PTE_PCD | PTE_PWT},
        {PTE_PCD, PTE_PCD},
        {PTE_PCD | PTE_PWT, PTE_PCD | PTE_PWT},
        {PTE_PAT, PTE_PAT},
        {PTE_PAT | PTE_PWT, PTE_PCD | PTE_PWT},
        {PTE_PAT | PTE_PCD, PTE_PAT | PTE_PCD},
        {PTE_PAT | PTE_PCD | PTE_PWT, PTE_PAT | PTE_PCD | PTE_PWT},
    };
    const pte_t rest = 0xfee00000 | PTE_PRESENT | PTE_USER | PTE_NX;

    for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        CU_ASSERT_EQUAL(pte_check_io(rest | PTE_WRITE | types[i].in, false), rest | PTE_WRITE | types[i].out);
        CU_ASSERT_EQUAL(pte_check_io(rest | PTE_WRITE | types[i].in, true), rest | types[i].out);
    }
}

static void test_slots(void)
{
    for (unsigned int slot = 0; slot < PTE_ENTRIES; slot++)
        CU_ASSERT_EQUAL(pte_check_hypervisor_slot(slot), slot >= 256 && slot < 272);
    CU_ASSERT_EQUAL(pte_index(HV_VIRT_START, 4), 256);
    CU_ASSERT_EQUAL(pte_index(HV_VIRT_END - 1, 4), 271);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite s = CU_add_suite("page-table entries", NULL, NULL);
    CU_add_test(s, "each bit", test_each_bit);
    CU_add_test(s, "hardware entry", test_hardware_entry);
    CU_add_test(s, "device memory", test_io);
    CU_add_test(s, "slots", test_slots);
    CU_basic_run_tests();
    int failed = CU_get_number_of_failures() != 0 || CU_get_number_of_tests_run() != 4;
    CU_cleanup_registry();
    return failed;
}
