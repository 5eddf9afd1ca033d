/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does SMAP leave guests alone? A PV kernel runs in ring 3 and uses IRETQ there. QEMU's TCG (7.2 at least) reads that
 * instruction's stack with supervisor rights, so that with CR4.SMAP set every PV kernel dies of a page fault. So this
 * goes to ring 3 with SMAP on and tries. Boot CPU only, before others are started: they get the CR4 that this decides.
 */
#include "cpu/desc.h"
#include "cpu/features.h"
#include "cpu/x86.h"
#include "entry/entry.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/hv_map.h"
#include "mm/layout.h"
#include "mm/pte.h"

#define USER_VIRT   0x400000ULL
#define USER_FLAGS  (PTE_PRESENT | PTE_WRITE | PTE_USER)
#define TABLE_COUNT 4

extern const char smap_probe_user[], smap_probe_user_end[];
extern const char smap_probe_passed[], smap_probe_failed[];
bool smap_probe(uint64_t rip, uint64_t rsp);

static const uint8_t gates[] __initconst = {VECTOR_UD, VECTOR_SS, VECTOR_GP, VECTOR_PF};

static bool __init cpu_has_smap(void)
{
    return cpuid(0, 0).eax >= 7 && (cpuid(7, 0).ebx >> 20 & 1);
}

/* Tables with the hypervisor's part and one user page; pages[0] is the top, pages[TABLE_COUNT] the user page. */
static bool __init make_tables(pte_t *pages[TABLE_COUNT + 1])
{
    for (unsigned int i = 0; i <= TABLE_COUNT; i++) {
        pages[i] = heap_alloc_pages(0);
        if (pages[i] == NULL)
            return false;
    }
    hv_map_fill_slots(pages[0]);
    for (unsigned int i = 0; i < TABLE_COUNT; i++)
        pages[i][pte_index(USER_VIRT, TABLE_COUNT - i)] = pte_make(direct_map_to_mfn(pages[i + 1]), USER_FLAGS);
    memcpy(pages[TABLE_COUNT], smap_probe_user, (size_t)(smap_probe_user_end - smap_probe_user));
    return true;
}

static bool __init probe(const pte_t *top)
{
    uint64_t cr3 = read_cr3();
    bool passed;

    for (size_t i = 0; i < sizeof(gates); i++)
        desc_set_gate(gates[i], gates[i] == VECTOR_UD ? smap_probe_passed : smap_probe_failed, IST_NONE, 0);
    write_cr3(direct_map_phys(top));
    write_cr4(read_cr4() | CR4_SMAP);
    passed = smap_probe(USER_VIRT, USER_VIRT + PAGE_SIZE);
    write_cr4(read_cr4() & ~CR4_SMAP);
    write_cr3(cr3);
    for (size_t i = 0; i < sizeof(gates); i++)
        trap_restore_gate(gates[i]);
    return passed;
}

void __init features_smap_self_test(void)
{
    pte_t *pages[TABLE_COUNT + 1] = {NULL};
    bool passed = false;
    uint64_t flags;

    if (!cpu_has_smap()) {
        log_info("SMEP %s, SMAP not available", cpu_features.smep ? "on" : "not available");
        return;
    }
    if (make_tables(pages)) {
        flags = irq_save();
        passed = probe(pages[0]);
        irq_restore(flags);
    }
    for (unsigned int i = 0; i <= TABLE_COUNT; i++)
        heap_free_pages(pages[i], 0);
    if (passed) {
        cpu_features.cr4 |= CR4_SMAP;
        cpu_features.smap = true;
        write_cr4(cpu_features.cr4);
    }
    log_info("SMEP %s, SMAP %s", cpu_features.smep ? "on" : "not available",
             passed ? "on" : "stays off: this CPU reads the stack of a ring-3 IRET as supervisor (emulator fault)");
}
