/* SPDX-License-Identifier: MIT
 *
 * Why: direct paging is the heart of PV: the guest owns its tables, the hypervisor checks each change.
 * Trick: all kinds of update on a spare L1 table, then tables of every level built, pinned, used and taken down.
 * Expect: a change is visible at once to the processor; frames turn into tables and back; misuse is refused and
 * leaves everything as it was.
 */
#include "guest.h"
#include "memory.h"
#include "traps.h"

GUEST("mmu");

/* The hypervisor adds the user bit to kernel entries, and notes that in an available bit. */
#define ENTRY_BITS (PTE_ADDR | 0x1fb)

static uint64_t *one, *two; /* two data pages */

static void set_up(void)
{
    one = page_alloc();
    two = page_alloc();
    *one = 0x1111;
    *two = 0x2222;
}

static void va_mapping(void)
{
    static const unsigned long flags[] = {UVMF_INVLPG | UVMF_LOCAL, UVMF_INVLPG | UVMF_ALL, UVMF_TLB_FLUSH | UVMF_LOCAL,
                                          UVMF_TLB_FLUSH | UVMF_ALL};
    volatile uint64_t *at = scratch_va(0);
    uint64_t mask = 1;

    for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
        check_eq(case_name("update_va_mapping flags %lu", flags[i]),
                 hv_update_va_mapping(at, pte_make(mfn_of(one), PTE_KERNEL), flags[i]), 0);
        check_hex("it maps", *at, 0x1111);
        check_eq("change of the frame", hv_update_va_mapping(at, pte_make(mfn_of(two), PTE_KERNEL), flags[i]), 0);
        check_hex("is seen at once", *at, 0x2222);
    }
    check_eq("update_va_mapping with a vcpu mask",
             hv_update_va_mapping(at, pte_make(mfn_of(one), PTE_KERNEL), UVMF_INVLPG | (uint64_t)&mask), 0);
    check_hex("is seen at once", *at, 0x1111);
    check_eq("to read-only", map_page((void *)(uintptr_t)at, pte_make(mfn_of(one), PTE_RO)), 0);
    try_write64((void *)(uintptr_t)at, 1);
    check_trap_error("read-only holds", TRAP_PF, PF_WRITE | PF_PRESENT);
    check_eq("to nothing", map_page((void *)(uintptr_t)at, 0), 0);
    try_read64((void *)(uintptr_t)at, NULL);
    check_trap_error("nothing holds", TRAP_PF, 0);
    check_eq("a non-present entry may hold anything", map_page((void *)(uintptr_t)at, 0xdeadbeef000ul), 0);
    check_hex("and keeps it", *scratch_entry(0), 0xdeadbeef000ul);
    map_page((void *)(uintptr_t)at, 0);
}

static void va_mapping_refused(void)
{
    uint64_t pte = pte_make(mfn_of(one), PTE_KERNEL);

    check_error("no table behind the address", hv_update_va_mapping(0x123456789000ul, pte, UVMF_INVLPG));
    check_error("address of the hypervisor", hv_update_va_mapping(HYPERVISOR_START, pte, UVMF_INVLPG));
    check_error("address of the hypervisor, end", hv_update_va_mapping(HYPERVISOR_END - 4096, pte, UVMF_INVLPG));
    check_error("non-canonical address", hv_update_va_mapping(0x8000000000000000ul, pte, UVMF_INVLPG));
    check_error("no such frame", map_page(scratch_va(0), pte_make(0xfffffffffful, PTE_KERNEL)));
    check_error("local APIC", map_page(scratch_va(0), pte_make(0xfee00, PTE_KERNEL)));
    check_hex("the entry is as before", *scratch_entry(0), 0);
    check_error("a table writable", map_page(scratch_va(0), pte_make(mfn_of(kernel_l4), PTE_KERNEL)));
    check_eq("a table read-only", map_page(scratch_va(0), pte_make(mfn_of(kernel_l4), PTE_RO)), 0);
    map_page(scratch_va(0), 0);
    check_error("other domain: no such domain",
                hypercall4(__HYPERVISOR_update_va_mapping_otherdomain, scratch_va(0), pte, UVMF_INVLPG, 77));
    check_alive("refused update_va_mapping");
}

static void mmu_updates(void)
{
    struct mmu_update list[4];
    uint64_t *entry = scratch_entry(1), base = pte_make(mfn_of(one), PTE_KERNEL);
    volatile uint64_t *at = scratch_va(1);
    uint32_t done = 99;

    check_eq("mmu_update of none", hv_mmu_update(list, 0, &done, DOMID_SELF), 0);
    check_eq("count of none", done, 0);
    for (unsigned i = 0; i < 4; i++)
        list[i] = (struct mmu_update){machine_of(entry + i), base};
    check_eq("mmu_update of four", hv_mmu_update(list, 4, &done, DOMID_SELF), 0);
    check_eq("count of four", done, 4);
    check_hex("the last one maps", *(volatile uint64_t *)scratch_va(4), 0x1111);
    list[2].val = pte_make(0xfffffffffful, PTE_KERNEL);
    list[0].val = list[1].val = list[3].val = 0;
    check_error("mmu_update with a bad third", hv_mmu_update(list, 4, &done, DOMID_SELF));
    check_eq("count up to it", done, 2);
    check("those before are done, it and those after are not", !entry[0] && !entry[1] && entry[2] && entry[3]);
    list[0] = (struct mmu_update){machine_of(entry + 2), 0};
    list[1] = (struct mmu_update){machine_of(entry + 3), 0};
    check_eq("clear", hv_mmu_update(list, 2, NULL, DOMID_SELF), 0);
    check_eq("kind 3, untranslated", mmu_update_one(machine_of(entry) | MMU_PT_UPDATE_NO_TRANSLATE, base, DOMID_SELF),
             0);
    check_eq("and back", pt_set(entry, 0), 0);
    check_error("entry in no frame", mmu_update_one(0xfffffffffff000ul, base, DOMID_SELF));
    check_error("no such foreign domain", mmu_update_one(machine_of(entry), base, 77));
    check_error("own number as foreign domain", mmu_update_one(machine_of(entry), base, 0));
    check_error("unaligned entry", mmu_update_one(machine_of(entry) | 4, base, DOMID_SELF) ?: -1);
    pt_set(entry, base);
    hv_update_va_mapping(at, 0, UVMF_INVLPG);
    /* Kind PT_UPDATE_PRESERVE_AD keeps what the processor has set meanwhile. */
    pt_set(entry, base & ~(PTE_A | PTE_D));
    *at = 0x1111;
    check("the processor sets accessed and dirty", (*entry & (PTE_A | PTE_D)) == (PTE_A | PTE_D));
    check_eq(
        "update that preserves them",
        mmu_update_one(machine_of(entry) | MMU_PT_UPDATE_PRESERVE_AD, base & ~(PTE_A | PTE_D | PTE_RW), DOMID_SELF), 0);
    check_hex("they are preserved", *entry & (PTE_A | PTE_D | PTE_RW), PTE_A | PTE_D);
    check_eq("normal update", pt_set(entry, base & ~(PTE_A | PTE_D)), 0);
    check_hex("they are gone", *entry & (PTE_A | PTE_D), 0);
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
    check_hex("read", *at, 0x1111);
    check_hex("sets accessed only", *entry & (PTE_A | PTE_D), PTE_A);
    pt_set(entry, 0);
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
}

static void machphys(void)
{
    uint64_t mfn = mfn_of(one), pfn = pfn_of_mfn(mfn);

    check_eq("machine-to-physical update", mmu_update_one(mfn << 12 | MMU_MACHPHYS_UPDATE, pfn + 7, DOMID_SELF), 0);
    check_eq("is read back", (long)pfn_of_mfn(mfn), (long)pfn + 7);
    mmu_update_one(mfn << 12 | MMU_MACHPHYS_UPDATE, pfn, DOMID_SELF);
    check_error("of no frame", mmu_update_one(0xfffffffffful << 12 | MMU_MACHPHYS_UPDATE, 0, DOMID_SELF));
    check_error("of the hypervisor's frame",
                mmu_update_one((*pt_entry(HYPERVISOR_START, 4) & PTE_ADDR) | MMU_MACHPHYS_UPDATE, 0, DOMID_SELF));
    try_write64((uint64_t *)HYPERVISOR_START + mfn, 1);
    check_trap_error("a direct write to the table", TRAP_PF, PF_WRITE | PF_PRESENT);
}

/* ---- tables of each level ---- */
static void levels(void)
{
    uint64_t *l1 = table_new(), *l2 = table_new(), *l3 = table_new(), va = 0x200000000000ul; /* slot 64 */

    l1[5] = pte_make(mfn_of(one), PTE_USER);
    table_seal(l1);
    check_eq("pin L1", pin(1, mfn_of(l1)), 0);
    check_error("pin it again", pin(1, mfn_of(l1)));
    check_error("map a pinned L1 writable", page_writable(l1));
    check_error("pin it as L2", pin(2, mfn_of(l1)));
    l2[3] = pte_make(mfn_of(l1), PTE_TABLE);
    table_seal(l2);
    check_eq("pin L2", pin(2, mfn_of(l2)), 0);
    l3[2] = pte_make(mfn_of(l2), PTE_TABLE);
    table_seal(l3);
    check_eq("pin L3", pin(3, mfn_of(l3)), 0);
    check_eq("link L3 into the top level", pt_set(kernel_l4 + 64, pte_make(mfn_of(l3), PTE_TABLE)), 0);
    va += (2ul << 30) + (3ul << 21) + (5ul << 12);
    check_hex("the path maps", *(volatile uint64_t *)va, 0x1111);
    check_eq("unpin L1: still in use", unpin(mfn_of(l1)), 0);
    check_error("still a table", page_writable(l1));
    check_hex("still maps", *(volatile uint64_t *)va, 0x1111);
    check_error("unpin what is not pinned", unpin(mfn_of(l1)));
    check_eq("unlink L1", pt_set(l2 + 3, 0), 0);
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
    try_read64((void *)va, NULL);
    check_trap("the path is cut", TRAP_PF);
    check_eq("the L1 is a plain page again", page_writable(l1), 0);
    check_eq("unlink L3", pt_set(kernel_l4 + 64, 0), 0);
    check_eq("unpin L3", unpin(mfn_of(l3)), 0);
    check_eq("unpin L2", unpin(mfn_of(l2)), 0);
    check_eq("L2 writable", page_writable(l2), 0);
    check_eq("L3 writable", page_writable(l3), 0);
    check_eq("pin an empty page as L1", (page_readonly(l1), pin(1, mfn_of(l1))), 0);
    unpin(mfn_of(l1));
    page_writable(l1);
    page_free(l1);
    page_free(l2);
    page_free(l3);
}

static void base_pointer(void)
{
    uint64_t *l4 = l4_new();

    check_eq("pin L4", pin(4, mfn_of(l4)), 0);
    check_eq("new base pointer", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(l4)), 0);
    check_hex("memory is there", *one, 0x1111);
    check("the hypervisor filled its slots", l4[256] & PTE_P);
    check_eq("so the machine-to-physical table is there", (long)pfn_of_mfn(mfn_of(one)), (long)va_to_pfn(one));
    check_eq("base pointer to the same", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(l4)), 0);
    check_error("base pointer to a data page", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(one)));
    check_error("base pointer to no frame", mmuext(MMUEXT_NEW_BASEPTR, 0xfffffffffful));
    check_eq("unpin it while loaded", unpin(mfn_of(l4)), 0);
    check_error("it is still a table", page_writable(l4));
    check_eq("back", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(kernel_l4)), 0);
    check_eq("now it is a plain page", page_writable(l4), 0);
    page_free(l4);
    check_eq("user base pointer: none", mmuext(MMUEXT_NEW_USER_BASEPTR, 0), 0);
    check_error("user base pointer to a data page", mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(one)));
    check_alive("base pointers");
}

/* ---- writes by instruction to a read-only L1 table ---- */
static void emulated_writes(void)
{
    uint64_t *entry = scratch_entry(20), pte = pte_make(mfn_of(one), PTE_KERNEL), old, same;
    volatile uint64_t *at = scratch_va(20);
    int trap;

    check_eq("vm_assist writable_pagetables", hv_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0);
    check_eq("mov of an entry", try_write64(entry, pte), TRAP_NONE);
    check_hex("it maps", *at, 0x1111);
    old = 0;
    trap = TRY("xchg %0, (%1)", : "+r"(old) : "r"(entry) : "memory");
    check_eq("xchg with zero", trap, TRAP_NONE);
    check_hex("gives the old entry", old & ENTRY_BITS, pte);
    check_hex("and clears it", *entry, 0);
    try_write64(entry, pte);
    check_eq("lock andb: write protect", TRY("lock andb $0xfd, (%0)", : : "r"(entry) : "memory"), TRAP_NONE);
    check_hex("only that bit", *entry & ENTRY_BITS & 0xfff, PTE_RO);
    check_eq("lock orb: back", TRY("lock orb $2, (%0)", : : "r"(entry) : "memory"), TRAP_NONE);
    check_hex("bit is set", *entry & PTE_RW, PTE_RW);
    check_eq("lock btr of dirty", TRY("lock btrq $6, (%0)", : : "r"(entry) : "memory", "cc"), TRAP_NONE);
    check_hex("bit is clear", *entry & PTE_D, 0);
    old = same = *entry;
    trap = TRY("lock cmpxchg %2, (%1)", : "+a"(old) : "r"(entry), "r"(pte_make(mfn_of(two), PTE_KERNEL)) : "memory");
    check_eq("lock cmpxchg that matches", trap, TRAP_NONE);
    check_hex("is done", (*entry & PTE_ADDR) >> 12, mfn_of(two));
    old = 0x123;
    same = *entry;
    trap = TRY("lock cmpxchg %2, (%1)", : "+a"(old) : "r"(entry), "r"(0ul) : "memory");
    check_eq("lock cmpxchg that does not match", trap, TRAP_NONE);
    check("is not done and gives the entry", *entry == same && old == same);
    check_eq("mov immediate", TRY("movq $0, (%0)", : : "r"(entry) : "memory"), TRAP_NONE);
    check_hex("cleared", *entry, 0);
    check_eq("a non-present value", try_write64(entry, 0xabcdef00), TRAP_NONE);
    check_hex("is kept", *entry, 0xabcdef00);
    try_write64(entry, 0);
    try_write64(entry, pte_make(mfn_of(kernel_l4), PTE_KERNEL));
    check_trap_error("an entry that would map a table writable is refused by #PF", TRAP_PF, PF_WRITE | PF_PRESENT);
    check_hex("refused: cr2", trap_seen.cr2, (uint64_t)entry);
    try_write64(entry, pte_make(0xfffffffffful, PTE_KERNEL));
    check_trap("an entry for no frame is refused", TRAP_PF);
    check_hex("the entry is as before", *entry, 0);
    try_write64(kernel_l4 + 64, 0);
    check_trap_error("a write to a top-level table is not emulated", TRAP_PF, PF_WRITE | PF_PRESENT);
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
}

static void emulated_forms(void)
{
    uint64_t *entry = scratch_entry(21), pte = pte_make(mfn_of(one), PTE_KERNEL);

    check_eq("mov with index",
             TRY("movq %1, 8(%0, %2, 8)",
                 :
                 : "r"(entry - 4), "r"(pte), "r"(3ul)
                 : "memory"),
             TRAP_NONE);
    check_hex("wrote there", *entry & PTE_ADDR, pte & PTE_ADDR);
    check_eq("mov from r15 by r13",
             TRY("mov %1, %%r13; mov %0, %%r15; movq %%r15, 0(%%r13)",
                 :
                 : "r"(0ul), "r"(entry)
                 : "memory", "r13", "r15"),
             TRAP_NONE);
    check_hex("wrote there", *entry, 0);
    check_eq("mov from rsp-relative",
             TRY("push %1; movq (%%rsp), %%rax; movq %%rax, (%0); pop %%rax",
                 :
                 : "r"(entry), "r"(pte)
                 : "memory", "rax"),
             TRAP_NONE);
    check_hex("wrote there", *entry & PTE_ADDR, pte & PTE_ADDR);
    check_eq("lock and quadword", TRY("lock andq %1, (%0)", : : "r"(entry), "r"(~PTE_RW) : "memory"), TRAP_NONE);
    check_hex("bit is clear", *entry & PTE_RW, 0);
    check_eq("stosq", TRY("stosq", : : "D"(entry), "a"(0ul) : "memory"), TRAP_NONE);
    check_hex("cleared", *entry, 0);
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
}

static void extended_ops(void)
{
    struct mmuext_op ops[3] = {{.cmd = MMUEXT_TLB_FLUSH_LOCAL}, {.cmd = 200}, {.cmd = MMUEXT_TLB_FLUSH_LOCAL}};
    uint64_t mask = 1;
    uint32_t done = 99;
    struct mmuext_op multi = {.cmd = MMUEXT_TLB_FLUSH_MULTI};
    struct mmuext_op invlpg = {.cmd = MMUEXT_INVLPG_MULTI, .arg1.linear_addr = (uint64_t)one};

    check_eq("TLB_FLUSH_LOCAL", mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0), 0);
    check_eq("TLB_FLUSH_ALL", mmuext(MMUEXT_TLB_FLUSH_ALL, 0), 0);
    check_eq("INVLPG_LOCAL", mmuext(MMUEXT_INVLPG_LOCAL, (uint64_t)one), 0);
    check_eq("INVLPG_ALL", mmuext(MMUEXT_INVLPG_ALL, (uint64_t)one), 0);
    check_eq("INVLPG_LOCAL of nothing", mmuext(MMUEXT_INVLPG_LOCAL, 0x8000000000000000ul), 0);
    set_xen_guest_handle(multi.arg2.vcpumask, &mask);
    check_eq("TLB_FLUSH_MULTI", hv_mmuext_op(&multi, 1, NULL, DOMID_SELF), 0);
    set_xen_guest_handle(invlpg.arg2.vcpumask, &mask);
    check_eq("INVLPG_MULTI", hv_mmuext_op(&invlpg, 1, NULL, DOMID_SELF), 0);
    mask = 2; /* there is no vcpu 1: not an error */
    check_eq("TLB_FLUSH_MULTI of a missing vcpu", hv_mmuext_op(&multi, 1, NULL, DOMID_SELF), 0);
    set_xen_guest_handle(multi.arg2.vcpumask, (void *)scratch_va(30));
    check_error("TLB_FLUSH_MULTI with a bad mask", hv_mmuext_op(&multi, 1, NULL, DOMID_SELF));
    check_eq("FLUSH_CACHE", mmuext(MMUEXT_FLUSH_CACHE, 0), 0);
    check_error("a batch with an unknown second", hv_mmuext_op(ops, 3, &done, DOMID_SELF));
    check_eq("count up to it", done, 1);
    check_eq("a batch of none", hv_mmuext_op(ops, 0, NULL, DOMID_SELF), 0);
    check_error("no such foreign domain", hv_mmuext_op(ops, 1, NULL, 77));
    *two = 0x77;
    check_eq("COPY_PAGE", mmuext_args(MMUEXT_COPY_PAGE, mfn_of(two), mfn_of(one)), 0);
    check_hex("copied", *two, 0x1111);
    check_eq("CLEAR_PAGE", mmuext(MMUEXT_CLEAR_PAGE, mfn_of(two)), 0);
    check_hex("cleared", *two, 0);
    check_error("CLEAR_PAGE of a table", mmuext(MMUEXT_CLEAR_PAGE, mfn_of(kernel_l4)));
    check_error("COPY_PAGE to a table", mmuext_args(MMUEXT_COPY_PAGE, mfn_of(kernel_l4), mfn_of(one)));
    check_error("COPY_PAGE from no frame", mmuext_args(MMUEXT_COPY_PAGE, mfn_of(two), 0xfffffffffful));
    *two = 0x2222;
}

/* Large batches may be interrupted and go on; the guest must not notice. */
static void long_batches(void)
{
    static struct mmu_update list[4096];
    uint64_t *l1;
    uint32_t done = 0;
    unsigned wrong = 0;

    for (unsigned i = 0; i < 4096; i++)
        list[i] = (struct mmu_update){machine_of(scratch_entry(i % 512)), i < 3584 ? pte_make(mfn_of(one), PTE_RO) : 0};
    check_eq("mmu_update of 4096", hv_mmu_update(list, 4096, &done, DOMID_SELF), 0);
    check_eq("count of 4096", done, 4096);
    for (unsigned i = 0; i < 512; i++)
        wrong += *scratch_entry(i) != 0;
    check_eq("all written", wrong, 0);
    l1 = table_new();
    for (unsigned i = 0; i < 512; i++)
        l1[i] = pte_make(mfn_of_pfn(2048 + i), PTE_RO);
    table_seal(l1);
    check_eq("pin of a full L1", pin(1, mfn_of(l1)), 0);
    check_eq("unpin", unpin(mfn_of(l1)), 0);
    check_eq("plain again", page_writable(l1), 0);
    page_free(l1);
}

void guest_main(void)
{
    set_up();
    va_mapping();
    va_mapping_refused();
    mmu_updates();
    machphys();
    levels();
    base_pointer();
    emulated_writes();
    emulated_forms();
    extended_ops();
    long_batches();
}
