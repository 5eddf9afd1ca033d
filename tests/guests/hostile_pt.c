/* SPDX-License-Identifier: MIT
 *
 * Why: who can write a page table, or map the hypervisor's memory, owns the machine.
 * Trick: every way to get such an entry past the checks: wrong types, wrong levels, reserved bits, cycles, stale
 * translations, failures half-way through a validation, very many references.
 * Expect: refused, and nothing left behind by a refusal: afterwards each frame can take any role again.
 *
 * Xen built with linear page tables accepts a read-only entry that points to a table of its own level; Haven refuses
 * it. Both are right.  Superpages for PV guests are refused by both.
 */
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"

GUEST("hostile_pt");

static uint64_t *page;

/* All the ways to put a value into an L1 entry. */
static long set_by_va(unsigned i, uint64_t pte)
{
    return scratch_set(i, pte);
}
static long set_by_update(unsigned i, uint64_t pte)
{
    return pt_set(scratch_entry(i), pte);
}
static long set_preserving(unsigned i, uint64_t pte)
{
    return mmu_update_one(machine_of(scratch_entry(i)) | MMU_PT_UPDATE_PRESERVE_AD, pte, DOMID_SELF);
}
static long set_by_multicall(unsigned i, uint64_t pte)
{
    multicall_entry_t call = {.op = __HYPERVISOR_update_va_mapping,
                              .args = {(uint64_t)scratch_va(i), pte, UVMF_INVLPG}};
    long ret = hv_multicall(&call, 1);

    return ret ? ret : (long)call.result;
}
static long set_by_mov(unsigned i, uint64_t pte)
{
    return try_write64(scratch_entry(i), pte) == TRAP_NONE ? 0 : -1;
}
static long set_by_xchg(unsigned i, uint64_t pte)
{
    return TRY("xchg %0, (%1)", : "+r"(pte) : "r"(scratch_entry(i)) : "memory") == TRAP_NONE ? 0 : -1;
}
static long set_by_cmpxchg(unsigned i, uint64_t pte)
{
    uint64_t *entry = scratch_entry(i), old = *entry;

    return TRY("lock cmpxchg %2, (%1)", : "+a"(old) : "r"(entry), "r"(pte) : "memory") == TRAP_NONE ? 0 : -1;
}
static long set_by_bits(unsigned i, uint64_t pte)
{
    uint64_t *entry = scratch_entry(i);

    /* First what is allowed, then the write bit by itself. */
    if (pt_set(entry, pte & ~PTE_RW))
        return -1;
    return TRY("lock orb $2, (%0)", : : "r"(entry) : "memory") == TRAP_NONE ? 0 : -1;
}

static const struct {
    const char *name;
    long (*set)(unsigned i, uint64_t pte);
} ways[] = {
    {"update_va_mapping", set_by_va}, {"mmu_update", set_by_update}, {"mmu_update preserving", set_preserving},
    {"multicall", set_by_multicall},  {"mov", set_by_mov},           {"xchg", set_by_xchg},
    {"cmpxchg", set_by_cmpxchg},      {"lock or", set_by_bits},
};

static void refuse_everywhere(const char *what, uint64_t pte)
{
    for (unsigned w = 0; w < ARRAY_SIZE(ways); w++) {
        long ret = ways[w].set(1, pte);
        uint64_t left = *scratch_entry(1);

        if (ret < 0 && !((left & (PTE_P | PTE_RW)) == (PTE_P | PTE_RW)))
            case_ok(case_name("%s by %s", what, ways[w].name));
        else
            case_failed(case_name("%s by %s", what, ways[w].name), "answer %ld, entry is 0x%lx", ret, left);
        scratch_set(1, 0);
    }
    check_alive(what);
}

static void tables_writable(void)
{
    uint64_t va = (uint64_t)scratch_va(0);

    for (int level = 4; level >= 2; level--)
        refuse_everywhere(case_name("L%d table writable", level - 1),
                          pte_make((*pt_entry(va, level) & PTE_ADDR) >> 12, PTE_KERNEL));
    refuse_everywhere("L4 table writable", pte_make(mfn_of(kernel_l4), PTE_KERNEL));
    refuse_everywhere("L4 table writable and user", pte_make(mfn_of(kernel_l4), PTE_USER));
    for (unsigned i = 0; i < start_info->nr_pt_frames; i++)
        if (scratch_set(2, pte_make(mfn_of((char *)kernel_l4 + i * PAGE_SIZE), PTE_KERNEL)) == 0)
            case_failed("boot page tables writable", "frame %u", i);
    try_write64(kernel_l4, 0);
    check_trap("direct write to the L4", TRAP_PF);
    TRY("lock orb $2, (%0)", : : "r"(pt_entry((uint64_t)kernel_l4, 1)) : "memory");
    check("write bit by instruction in the entry of the L4's own page", trap_seen.vector == TRAP_PF);
}

static void hypervisor_frames(void)
{
    for (unsigned slot = 256; slot < 272; slot++)
        if (kernel_l4[slot] & PTE_P) {
            uint64_t mfn = (kernel_l4[slot] & PTE_ADDR) >> 12;

            if (mfn == mfn_of(kernel_l4)) /* Xen maps the tables themselves in one of its slots */
                continue;
            check_error(case_name("frame of hypervisor slot %u read-only", slot),
                        scratch_set(1, pte_make(mfn, PTE_RO)));
            check_error(case_name("frame of hypervisor slot %u writable", slot),
                        scratch_set(1, pte_make(mfn, PTE_KERNEL)));
        }
    refuse_everywhere("frame of slot 256 writable", (kernel_l4[256] & PTE_ADDR) | PTE_KERNEL);
    refuse_everywhere("local APIC", pte_make(0xfee00, PTE_KERNEL));
    refuse_everywhere("address beyond the machine", 0x000ffffffffff000ul | PTE_KERNEL);
}

/* The grant table's frames are lent to this domain. */
static bool is_grant_frame(uint64_t mfn)
{
    static uint64_t frames[64];
    static unsigned count;

    if (!count) {
        struct gnttab_query_size query = {.dom = DOMID_SELF};
        struct gnttab_setup_table setup = {.dom = DOMID_SELF};

        hv_grant_table_op(GNTTABOP_query_size, &query, 1);
        setup.nr_frames = count = query.nr_frames;
        set_xen_guest_handle(setup.frame_list, frames);
        if (count > 64 || hv_grant_table_op(GNTTABOP_setup_table, &setup, 1) || setup.status)
            report_error("no grant table");
    }
    for (unsigned i = 0; i < count; i++)
        if (frames[i] == mfn)
            return true;
    return false;
}

/* Every frame of RAM that is not this domain's must be out of reach. */
static void foreign_ram(void)
{
    long frames = hv_memory_op(XENMEM_maximum_ram_page, NULL);
    unsigned tried = 0, mapped = 0;
    static struct {
        uint64_t addr, size;
        uint32_t type;
    } __attribute__((packed)) entries[64];
    struct xen_memory_map map = {.nr_entries = 64};

    set_xen_guest_handle(map.buffer, (void *)entries);
    if (hv_memory_op(XENMEM_machine_memory_map, &map))
        report_error("no memory map");
    for (unsigned e = 0; e < map.nr_entries; e++) {
        if (entries[e].type != 1)
            continue;
        /* The first MiB is firmware's, and dom0's to see. */
        for (uint64_t mfn = (entries[e].addr + 4095) >> 12; mfn < (entries[e].addr + entries[e].size) >> 12; mfn += 5) {
            uint64_t pfn;

            if (mfn < 0x100 || (long)mfn >= frames || mfn == start_info->shared_info >> 12 || is_grant_frame(mfn))
                continue;
            pfn = pfn_of_mfn(mfn);
            if (pfn < start_info->nr_pages && mfn_of_pfn(pfn) == mfn)
                continue;
            tried++;
            if (pt_set(scratch_entry(1), pte_make(mfn, tried % 2 ? PTE_RO : PTE_KERNEL)) == 0) {
                if (!mapped++)
                    report_note("first foreign frame that maps: 0x%lx, M2P 0x%lx", mfn, pfn);
                pt_set(scratch_entry(1), 0);
            }
        }
    }
    report_note("%u foreign frames tried", tried);
    check("there is foreign memory", tried > 1000);
    check_eq("none of it maps", mapped, 0);
}

/* ---- bits and levels ---- */
static void superpages_and_bits(void)
{
    uint64_t *l1 = table_new(), *l2 = table_new(), *l3 = table_new();
    static const uint64_t extra[] = {PTE_PS, PTE_G, PTE_PS | PTE_G};

    table_seal(l1);
    for (unsigned i = 0; i < ARRAY_SIZE(extra); i++) {
        l2[0] = pte_make(mfn_of(l1), PTE_TABLE | extra[i]);
        table_seal(l2);
        check_error(case_name("L2 entry with bits 0x%lx", extra[i]), pin(2, mfn_of(l2)));
        check_eq("and nothing is left: L2 is writable", page_writable(l2), 0);
        l2[0] = pte_make(mfn_of_pfn(0) & ~511ul, PTE_TABLE | extra[i]);
        table_seal(l2);
        check_error(case_name("2 MiB page with bits 0x%lx", extra[i]), pin(2, mfn_of(l2)));
        page_writable(l2);
    }
    l2[0] = pte_make(mfn_of(l1), PTE_TABLE);
    table_seal(l2);
    for (unsigned i = 0; i < ARRAY_SIZE(extra); i++) {
        l3[0] = pte_make(mfn_of(l2), PTE_TABLE | extra[i]);
        table_seal(l3);
        check_error(case_name("L3 entry with bits 0x%lx", extra[i]), pin(3, mfn_of(l3)));
        check_eq("and nothing is left: L3 is writable", page_writable(l3), 0);
    }
    l3[0] = pte_make(mfn_of(l2), PTE_TABLE);
    table_seal(l3);
    for (unsigned i = 0; i < ARRAY_SIZE(extra); i++) {
        check_error(case_name("L4 entry with bits 0x%lx", extra[i]),
                    pt_set(kernel_l4 + 64, pte_make(mfn_of(l3), PTE_TABLE | extra[i])));
        check_error(case_name("set on a live L2 entry: 0x%lx", extra[i]),
                    pt_set(pt_entry((uint64_t)scratch_va(0), 2), *pt_entry((uint64_t)scratch_va(0), 2) | extra[i]));
    }
    check_hex("L4 slot is still empty", kernel_l4[64], 0);
    check_eq("L1, L2, L3 are plain pages again", page_writable(l1) | page_writable(l2) | page_writable(l3), 0);
    page_free(l1);
    page_free(l2);
    page_free(l3);
}

static void type_confusion(void)
{
    uint64_t *t[5] = {0};

    for (int level = 1; level <= 4; level++) {
        t[level] = table_new();
        if (level > 1)
            t[level][7] = pte_make(mfn_of(t[level - 1]), PTE_TABLE);
        table_seal(t[level]);
    }
    for (int level = 1; level <= 4; level++)
        check_eq(case_name("pin an L%d", level), pin(level, mfn_of(t[level])), 0);
    for (int level = 1; level <= 4; level++)
        for (int as = 1; as <= 4; as++)
            if (as != level)
                check_error(case_name("pin the L%d as L%d", level, as), pin(as, mfn_of(t[level])));
    for (int level = 2; level <= 4; level++)
        for (int below = 1; below <= 4; below++) {
            long ret;

            if (below == level - 1)
                continue;
            ret = pt_set(t[level] + 9, pte_make(mfn_of(t[below]), PTE_TABLE));
            check_error(case_name("L%d entry to an L%d", level, below), ret);
            if (below == level) {
                ret = pt_set(t[level] + 9, pte_make(mfn_of(t[below]), PTE_P | PTE_US | PTE_A));
                check_range(case_name("L%d entry to itself, read-only", level), ret, -4095, 0);
                if (!ret)
                    check_eq("linear entry is removed", pt_set(t[level] + 9, 0), 0);
            }
        }
    check_error("L2 entry to a writable data page", pt_set(t[2] + 9, pte_make(mfn_of(page), PTE_TABLE)));
    check_error("L3 entry to a writable data page", pt_set(t[3] + 9, pte_make(mfn_of(page), PTE_TABLE)));
    check_error("L4 entry to a writable data page", pt_set(t[4] + 9, pte_make(mfn_of(page), PTE_TABLE)));
    check_error("L4 entry to the hypervisor's L3", pt_set(t[4] + 9, kernel_l4[256] | PTE_TABLE));
    check_error("base pointer to an L3", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(t[3])));
    check_error("user base pointer to an L3", mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(t[3])));
    check_error("base pointer to an L1", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(t[1])));
    for (int level = 4; level >= 1; level--)
        check_eq(case_name("unpin L%d", level), unpin(mfn_of(t[level])), 0);
    for (int level = 1; level <= 4; level++) {
        check_eq(case_name("the L%d is a plain page again", level), page_writable(t[level]), 0);
        page_free(t[level]);
    }
}

static void own_slots(void)
{
    uint64_t *l4 = l4_new(), *l3 = table_new(), saved[16];

    table_seal(l3);
    for (unsigned slot = 256; slot < 272; slot++) {
        uint64_t was = kernel_l4[slot];
        long ret = pt_set(kernel_l4 + slot, pte_make(mfn_of(l3), PTE_TABLE));

        check_error(case_name("set slot %u", slot), ret);
        ret = pt_set(kernel_l4 + slot, 0);
        check(case_name("clear slot %u", slot), kernel_l4[slot] == was && (ret < 0 || was == 0));
        saved[slot - 256] = was;
    }
    /* A table that already holds something there when it is pinned. */
    table_unseal(l4);
    for (unsigned slot = 256; slot < 272; slot++)
        l4[slot] = pte_make(mfn_of(l3), PTE_TABLE);
    l4[0] = 0;
    table_seal(l4);
    if (pin(4, mfn_of(l4)) == 0) {
        unsigned kept = 0;

        mmuext(MMUEXT_NEW_BASEPTR, mfn_of(l4));
        for (unsigned slot = 256; slot < 272; slot++)
            kept += (l4[slot] & PTE_ADDR) == mfn_of(l3) << 12;
        check_hex("the machine-to-physical table is the real one", pfn_of_mfn(mfn_of(page)), va_to_pfn(page));
        mmuext(MMUEXT_NEW_BASEPTR, mfn_of(kernel_l4));
        check_eq("prepared slots are overwritten", kept, 0);
        unpin(mfn_of(l4));
    } else {
        case_ok("prepared slots are refused");
    }
    for (unsigned slot = 256; slot < 272; slot++)
        if ((kernel_l4[slot] & ~(PTE_A | PTE_D)) != (saved[slot - 256] & ~(PTE_A | PTE_D)))
            case_failed("slots are as before", "slot %u", slot);
    check_eq("tables are plain pages again", page_writable(l4) | page_writable(l3), 0);
    page_free(l4);
    page_free(l3);
    for (uint64_t va = HYPERVISOR_START; va < HYPERVISOR_END; va += 1ul << 39) {
        try_write64((void *)va, 0);
        check_trap(case_name("write at 0x%lx", va), TRAP_PF);
        check_error(case_name("update_va_mapping at 0x%lx", va),
                    map_page((void *)va, pte_make(mfn_of(page), PTE_KERNEL)));
    }
    /* Behind the table that guests may read, nothing is readable. */
    for (uint64_t va = HYPERVISOR_START + (1ul << 39); va < HYPERVISOR_END; va += 1ul << 36) {
        try_read64((void *)va, NULL);
        if (trap_seen.vector != TRAP_PF)
            case_failed("the hypervisor's half is unreadable", "0x%lx: vector %d", va, trap_seen.vector);
    }
}

/* ---- validation that fails half-way ---- */
static void half_way(void)
{
    uint64_t *l1 = table_new(), *l2 = table_new(), *victim = page_alloc();
    static const unsigned bad_at[] = {0, 1, 100, 511};

    for (unsigned k = 0; k < ARRAY_SIZE(bad_at); k++) {
        for (unsigned i = 0; i < 512; i++)
            l1[i] = pte_make(mfn_of(victim), PTE_KERNEL);
        l1[bad_at[k]] = pte_make(mfn_of(kernel_l4), PTE_KERNEL);
        table_seal(l1);
        check_error(case_name("L1 with a bad entry %u", bad_at[k]), pin(1, mfn_of(l1)));
        check_eq("it is a plain page again", page_writable(l1), 0);
        page_readonly(victim);
        check_eq("its 511 references are gone: the victim may be a table", pin(1, mfn_of(victim)), 0);
        unpin(mfn_of(victim));
        page_writable(victim);
    }
    memset(l1, 0, PAGE_SIZE);
    l1[3] = pte_make(mfn_of(victim), PTE_KERNEL);
    table_seal(l1);
    for (unsigned k = 0; k < ARRAY_SIZE(bad_at); k++) {
        for (unsigned i = 0; i < 512; i++)
            l2[i] = pte_make(mfn_of(l1), PTE_TABLE);
        l2[bad_at[k]] = pte_make(mfn_of(page), PTE_TABLE);
        table_seal(l2);
        check_error(case_name("L2 with a bad entry %u", bad_at[k]), pin(2, mfn_of(l2)));
        check_eq("L2 is a plain page again", page_writable(l2), 0);
        check_eq("L1 is a plain page again", page_writable(l1), 0);
        table_seal(l1);
    }
    page_writable(l1);
    page_free(l1);
    page_free(l2);
    page_free(victim);
}

static void garbage(void)
{
    uint64_t *p = page_alloc(), seed = 88172645463325252ul;

    for (unsigned round = 0; round < 40; round++) {
        for (unsigned i = 0; i < 512; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            p[i] = round % 2 ? seed : (seed & 0xfff) | (mfn_of_pfn(seed >> 40 & 0x3fff) << 12);
        }
        p[5] = pte_make(mfn_of(kernel_l4), PTE_KERNEL | PTE_US); /* in no level a valid entry */
        table_seal(p);
        for (int level = 1; level <= 4; level++)
            if (pin(level, mfn_of(p)) >= 0) {
                case_failed("garbage is refused", "round %u as L%d", round, level);
                unpin(mfn_of(p));
            }
        if (page_writable(p)) {
            case_failed("garbage is refused", "round %u: frame stays a table", round);
            return;
        }
    }
    case_ok("40 pages of garbage at each level are refused");
    page_free(p);
    check_error("pin of no frame", pin(1, 0xfffffffffful));
    check_error("pin of the local APIC", pin(1, 0xfee00));
    check_error("pin of the hypervisor's table", pin(3, (kernel_l4[256] & PTE_ADDR) >> 12));
    check_error("unpin of no frame", unpin(0xfffffffffful));
    check_error("unpin of a data page", unpin(mfn_of(page)));
    check_error("unpin of the hypervisor's table", unpin((kernel_l4[256] & PTE_ADDR) >> 12));
}

static void self_reference(void)
{
    uint64_t *l1 = table_new(), *l2 = table_new();

    l1[0] = pte_make(mfn_of(l1), PTE_KERNEL);
    table_seal(l1);
    check_error("L1 that maps itself writable", pin(1, mfn_of(l1)));
    table_unseal(l1);
    l1[0] = pte_make(mfn_of(l1), PTE_RO);
    table_seal(l1);
    check_eq("L1 that maps itself read-only", pin(1, mfn_of(l1)), 0);
    check_error("then made writable", pt_set(l1, pte_make(mfn_of(l1), PTE_KERNEL)));
    check_eq("unpin", unpin(mfn_of(l1)), 0);
    table_unseal(l1);
    memset(l1, 0, PAGE_SIZE);
    /* L2 -> L1 -> that L2, writable */
    l1[0] = pte_make(mfn_of(l2), PTE_KERNEL);
    table_seal(l1);
    l2[0] = pte_make(mfn_of(l1), PTE_TABLE);
    table_seal(l2);
    check_error("L2 whose L1 maps the L2 writable", pin(2, mfn_of(l2)));
    check_eq("nothing is left", page_writable(l1) | page_writable(l2), 0);
    page_free(l1);
    page_free(l2);
}

static void in_use(void)
{
    uint64_t *l1 = table_new();

    check_eq("unpin of the base table in use", unpin(mfn_of(kernel_l4)), 0);
    check_error("it stays a table", scratch_set(1, pte_make(mfn_of(kernel_l4), PTE_KERNEL)));
    check_hex("memory is still there", *(volatile uint64_t *)page, 0x600d);
    check_eq("pin it again", pin(4, mfn_of(kernel_l4)), 0);
    table_seal(l1);
    pin(1, mfn_of(l1));
    check_eq("give a pinned table back", ({
                 struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
                 xen_pfn_t list[1] = {mfn_of(l1)};
                 set_xen_guest_handle(r.extent_start, list);
                 hv_memory_op(XENMEM_decrease_reservation, &r) >= 0;
             }),
             1);
    check_error("it cannot be written then", page_writable(l1));
    map_page(l1, 0);
    check_alive("giving back a table");
}

static void stale_translation(void)
{
    uint64_t *p = page_alloc();
    volatile uint64_t *at = scratch_va(3);

    scratch_set(3, pte_make(mfn_of(p), PTE_KERNEL));
    *at = 0; /* now in the TLB */
    check_eq("clear the entry without a flush", pt_set(scratch_entry(3), 0), 0);
    page_readonly(p);
    check_eq("make the frame a table", pin(1, mfn_of(p)), 0);
    try_write64((void *)(uintptr_t)at, pte_make(mfn_of(kernel_l4), PTE_KERNEL));
    check_hex("the table is not written by the old translation", p[0], 0);
    check_trap("the write faults", TRAP_PF);
    unpin(mfn_of(p));
    page_writable(p);
    /* The same with a change to read-only instead. */
    scratch_set(3, pte_make(mfn_of(p), PTE_KERNEL));
    *at = 0;
    pt_set(scratch_entry(3), pte_make(mfn_of(p), PTE_RO));
    page_readonly(p);
    check_eq("make the frame a table", pin(1, mfn_of(p)), 0);
    try_write64((void *)(uintptr_t)at, pte_make(mfn_of(kernel_l4), PTE_KERNEL)); /* a good value would be emulated */
    check_hex("the table is not written by the old translation", p[0], 0);
    scratch_set(3, 0);
    unpin(mfn_of(p));
    page_writable(p);
    page_free(p);
}

/* 100,000 references to one frame, from 200 tables: no count may wrap. */
static void many_references(void)
{
    static uint64_t *tables[200];
    uint64_t *victim = page_alloc(), *l2 = table_new();
    long ret = 0;

    page_readonly(victim);
    for (unsigned k = 0; k < 200; k++) {
        tables[k] = table_new();
        for (unsigned i = 0; i < 512; i++)
            tables[k][i] = pte_make(mfn_of(victim), PTE_KERNEL);
        table_seal(tables[k]);
        ret |= pin(1, mfn_of(tables[k]));
        if (k % 10 == 0 && pin(1, mfn_of(victim)) >= 0)
            case_failed("a frame with very many writable references is no table", "after %u", (k + 1) * 512);
    }
    check_eq("200 tables of 512 references", ret, 0);
    for (unsigned i = 0; i < 512; i++)
        l2[i] = pte_make(mfn_of(tables[i % 200]), PTE_TABLE);
    table_seal(l2);
    check_eq("an L2 that refers to them 512 times", pin(2, mfn_of(l2)), 0);
    check_error("the frame is still no table", pin(1, mfn_of(victim)));
    check_eq("take down the L2", unpin(mfn_of(l2)), 0);
    for (unsigned k = 0; k < 200; k++) {
        ret |= unpin(mfn_of(tables[k])) | page_writable(tables[k]);
        page_free(tables[k]);
    }
    check_eq("take down the tables", ret, 0);
    check_eq("now it may be a table", pin(1, mfn_of(victim)), 0);
    unpin(mfn_of(victim));
    check_eq("and a plain page", page_writable(victim) | page_writable(l2), 0);
    page_free(victim);
    page_free(l2);
}

static void odd_requests(void)
{
    static const uint64_t flags[] = {3, 7, 0x10, ~0ul, ~3ul, HYPERVISOR_START | 1, 0x8000000000000001ul};

    check_range("mmu_update on a data page writes it or is refused",
                mmu_update_one(machine_of(page) | MMU_NORMAL_PT_UPDATE, 0x600d, DOMID_SELF), -4095, 0);
    check_hex("and does nothing else", *page, 0x600d);
    for (unsigned offset = 1; offset < 8; offset++)
        mmu_update_one((machine_of(scratch_entry(511)) + offset) & ~3ul, 0, DOMID_SELF);
    check_alive("unaligned entries");
    for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
        check_range(case_name("update_va_mapping with flags 0x%lx", flags[i]),
                    hv_update_va_mapping(scratch_va(1), 0, flags[i]), -4095, 0);
    }
    check_error("an entry in the M2P",
                mmu_update_one((kernel_l4[256] & PTE_ADDR) | MMU_NORMAL_PT_UPDATE, 0, DOMID_SELF));
    for (uint64_t ptr = 0; ptr < 0x2000000; ptr += 0x100000)
        if (pfn_of_mfn(ptr >> 12) >= start_info->nr_pages && ptr &&
            mmu_update_one(ptr | MMU_NORMAL_PT_UPDATE, 0, DOMID_SELF) >= 0)
            case_failed("an entry in a foreign frame", "0x%lx", ptr);
    check_alive("odd requests");
}

void guest_main(void)
{
    page = page_alloc();
    *page = 0x600d;
    hv_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
    tables_writable();
    hypervisor_frames();
    foreign_ram();
    superpages_and_bits();
    type_confusion();
    own_slots();
    half_way();
    garbage();
    self_reference();
    in_use();
    stale_translation();
    many_references();
    odd_requests();
}
