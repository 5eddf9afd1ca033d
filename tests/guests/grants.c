/* SPDX-License-Identifier: MIT
 *
 * Why: grants are how domains lend each other memory; every back end stands on map, unmap and copy.
 * Trick: the domain grants to itself (domain 0), so one guest sees both sides: the entry's flags and the mapping.
 * Expect: version 1 semantics; each misuse gets its status code, and never changes anything.
 *
 * Where this asks for version 2, Haven refuses it (it offers version 1 only) and Xen accepts: both are right.
 */
#include "control.h"
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"

#include "haven/grant_users.h"

GUEST("grants");

static grant_entry_v1_t *table;
static uint64_t *page, *other;

static void set_up(void)
{
    struct gnttab_query_size query = {.dom = DOMID_SELF};
    uint64_t frames[1] = {0};
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    struct gnttab_set_version version = {.version = 1};
    struct gnttab_get_version got = {.dom = DOMID_SELF};

    check_eq("set_version 1", hv_grant_table_op(GNTTABOP_set_version, &version, 1), 0);
    check_eq("get_version", hv_grant_table_op(GNTTABOP_get_version, &got, 1), 0);
    check_eq("version is 1", got.version, 1);
    check_eq("query_size", hv_grant_table_op(GNTTABOP_query_size, &query, 1), 0);
    check_eq("query_size status", query.status, GNTST_okay);
    check_range("frames", query.nr_frames, 1, query.max_nr_frames);
    set_xen_guest_handle(setup.frame_list, frames);
    check_eq("setup_table", hv_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0);
    check_eq("setup_table status", setup.status, GNTST_okay);
    check_eq("map the table", scratch_set(0, pte_make(frames[0], PTE_KERNEL)), 0);
    table = scratch_va(0);
    page = page_alloc();
    other = page_alloc();
}

static void grant(unsigned ref, void *what, uint16_t flags)
{
    table[ref].domid = 0;
    table[ref].frame = (uint32_t)mfn_of(what);
    mb();
    table[ref].flags = GTF_permit_access | flags;
}

static struct gnttab_map_grant_ref last_map;

static int map(unsigned ref, uint64_t address, uint32_t flags)
{
    last_map = (struct gnttab_map_grant_ref){.host_addr = address, .flags = flags, .ref = ref, .dom = 0};
    if (hv_grant_table_op(GNTTABOP_map_grant_ref, &last_map, 1))
        return -1000;
    return last_map.status;
}

static int unmap(uint64_t address, uint32_t handle)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = address, .handle = handle};

    if (hv_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1))
        return -1000;
    return op.status;
}

static void map_and_unmap(void)
{
    volatile uint64_t *at = scratch_va(1);
    uint32_t first;

    grant(8, page, 0);
    *page = 0x1234;
    check_eq("map", map(8, (uint64_t)at, GNTMAP_host_map), GNTST_okay);
    check_hex("it names the bus address", last_map.dev_bus_addr, mfn_of(page) << 12);
    check_hex("the page is seen", *at, 0x1234);
    *at = 0x5678;
    check_hex("and written", *page, 0x5678);
    check_hex("entry shows the use", table[8].flags, GTF_permit_access | GTF_reading | GTF_writing);
    first = last_map.handle;
    check_eq("map it twice", map(8, (uint64_t)scratch_va(2), GNTMAP_host_map | GNTMAP_readonly), GNTST_okay);
    try_write64(scratch_va(2), 1);
    check_trap("the second is read-only", TRAP_PF);
    check_eq("unmap the second", unmap((uint64_t)scratch_va(2), last_map.handle), GNTST_okay);
    check_hex("entry still shows the first", table[8].flags, GTF_permit_access | GTF_reading | GTF_writing);
    check_eq("unmap at a wrong address", unmap((uint64_t)scratch_va(3), first), GNTST_general_error);
    check_hex("still mapped", *at, 0x5678);
    check_eq("unmap", unmap((uint64_t)at, first), GNTST_okay);
    try_read64((void *)(uintptr_t)at, NULL);
    check_trap("the mapping is gone", TRAP_PF);
    check_hex("entry is free", table[8].flags, GTF_permit_access);
    check("unmap twice is refused", unmap((uint64_t)at, first) < 0);
    check_eq("map read-only", map(8, (uint64_t)at, GNTMAP_host_map | GNTMAP_readonly), GNTST_okay);
    check_hex("entry shows reading", table[8].flags, GTF_permit_access | GTF_reading);
    check_hex("it reads", *at, 0x5678);
    try_write64((void *)(uintptr_t)at, 1);
    check_trap_error("write to it", TRAP_PF, PF_WRITE | PF_PRESENT);
    check_eq("unmap", unmap((uint64_t)at, last_map.handle), GNTST_okay);
    table[8].flags = 0;
}

static long ask_users(struct haven_grant_users *users)
{
    struct xen_domctl op = {0};
    long ret = domctl(HAVEN_DOMCTL_GRANT_USERS, 0, &op);

    memcpy(users, op.u.pad, sizeof(*users));
    return ret;
}

static void who_uses(void)
{
    struct haven_grant_users users;
    uint32_t first;
    long ret = ask_users(&users);

    if (ret == -XEN_ENOSYS) {
        report_note("who uses grants: not told by this hypervisor");
        return;
    }
    check_eq("who uses grants", ret, 0);
    check_eq("nobody", users.count | users.used, 0);
    grant(8, page, 0);
    grant(12, other, 0);
    check_eq("map one", map(8, (uint64_t)scratch_va(1), GNTMAP_host_map), GNTST_okay);
    first = last_map.handle;
    check_eq("map another one", map(12, (uint64_t)scratch_va(2), GNTMAP_host_map | GNTMAP_readonly), GNTST_okay);
    check_eq("who uses them", ask_users(&users), 0);
    check("one domain uses two", users.count == 1 && users.used == 2);
    check("this one", users.user[0].domid == 0 && users.user[0].grants == 2);
    check_eq("unmap", unmap((uint64_t)scratch_va(2), last_map.handle), GNTST_okay);
    table[12].flags = GTF_permit_access | GTF_reading | GTF_writing; /* says the granter alone */
    check_eq("who uses them", ask_users(&users), 0);
    check_eq("only one is used", users.used, 1);
    check_eq("unmap", unmap((uint64_t)scratch_va(1), first), GNTST_okay);
    table[8].flags = table[12].flags = 0;
}

static void map_by_entry(void)
{
    uint64_t entry = machine_of(scratch_entry(5));
    volatile uint64_t *at = scratch_va(5);

    grant(9, page, 0);
    check_eq("map into an entry", map(9, entry, GNTMAP_host_map | GNTMAP_contains_pte), GNTST_okay);
    check_hex("it maps", *at, *page);
    check_eq("unmap", unmap(entry, last_map.handle), GNTST_okay);
    check_hex("the entry is clear", *scratch_entry(5), 0);
    check_eq("with the bits that gntdev uses", map(9, entry, 0x1001a), GNTST_okay);
    check_eq("unmap", unmap(entry, last_map.handle), GNTST_okay);
    check("an entry in no table is refused", map(9, machine_of(page), GNTMAP_host_map | GNTMAP_contains_pte) < 0);
    check("an entry in no frame is refused", map(9, 0xfffffffffff000ul, GNTMAP_host_map | GNTMAP_contains_pte) < 0);
    check("an unaligned entry is refused", map(9, entry + 4, GNTMAP_host_map | GNTMAP_contains_pte) < 0);
    check_eq("device map only", map(9, 0, GNTMAP_device_map), GNTST_okay);
    check_hex("entry shows the use", table[9].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
    {
        struct gnttab_unmap_grant_ref op = {.dev_bus_addr = last_map.dev_bus_addr, .handle = last_map.handle};

        check_eq("device unmap", hv_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1), 0);
        check_eq("status", op.status, GNTST_okay);
    }
    check_hex("entry is free", table[9].flags, GTF_permit_access);
    table[9].flags = 0;
}

static void map_refused(void)
{
    uint64_t at = (uint64_t)scratch_va(6);
    struct gnttab_map_grant_ref op = {.host_addr = at, .flags = GNTMAP_host_map, .ref = 10, .dom = 77};

    check("reference that grants nothing", map(10, at, GNTMAP_host_map) < 0);
    check_eq("reference out of range", map(512 * 64 * 100, at, GNTMAP_host_map), GNTST_bad_gntref);
    check_eq("reference 0xffffffff", map(0xffffffff, at, GNTMAP_host_map), GNTST_bad_gntref);
    grant(10, page, GTF_readonly);
    check("read-only grant mapped writable", map(10, at, GNTMAP_host_map) < 0);
    check_hex("entry is untouched", table[10].flags, GTF_permit_access | GTF_readonly);
    check_eq("read-only grant mapped read-only", map(10, at, GNTMAP_host_map | GNTMAP_readonly), GNTST_okay);
    unmap(at, last_map.handle);
    grant(10, page, 0);
    table[10].domid = 5;
    check("granted to somebody else", map(10, at, GNTMAP_host_map) < 0);
    table[10].domid = 0;
    check("address with no table", map(10, 0x123456789000ul, GNTMAP_host_map) < 0);
    check("address of the hypervisor", map(10, HYPERVISOR_START, GNTMAP_host_map) < 0);
    check("non-canonical address", map(10, 0x8000000000000000ul, GNTMAP_host_map) < 0);
    check("no kind of mapping", map(10, at, 0) < 0);
    table[10].frame = 0xffffffff;
    check("frame that does not exist", map(10, at, GNTMAP_host_map) < 0);
    table[10].frame = 0xfee00;
    check("local APIC", map(10, at, GNTMAP_host_map) < 0);
    table[10].frame = (uint32_t)mfn_of(kernel_l4);
    check("a table writable", map(10, at, GNTMAP_host_map) < 0);
    check_eq("a table read-only", map(10, at, GNTMAP_host_map | GNTMAP_readonly), GNTST_okay);
    check_eq("unmap it", unmap(at, last_map.handle), GNTST_okay);
    table[10].flags = 0;
    check_eq("map for no domain", hv_grant_table_op(GNTTABOP_map_grant_ref, &op, 1), 0);
    check_eq("status", op.status, GNTST_bad_domain);
    check_hex("entry of the address is clear", *scratch_entry(6), 0);
    check("unmap of a handle never given", unmap(at, 12345678) < 0);
    check_eq("unmap of handle 0xffffffff", unmap(at, 0xffffffff), GNTST_bad_handle);
    check_alive("refused maps");
}

/* A table frame may be lent read-only, but a frame lent writable must not become a table. */
static void types_are_kept(void)
{
    uint64_t at = (uint64_t)scratch_va(7);
    uint64_t *candidate = page_alloc();

    grant(11, candidate, 0);
    check_eq("map writable", map(11, at, GNTMAP_host_map), GNTST_okay);
    page_readonly(candidate);
    check_error("a frame mapped writable by grant is no table", pin(1, mfn_of(candidate)));
    check_eq("unmap", unmap(at, last_map.handle), GNTST_okay);
    check_eq("now it may be one", pin(1, mfn_of(candidate)), 0);
    check("and may not be mapped writable", map(11, at, GNTMAP_host_map) < 0);
    unpin(mfn_of(candidate));
    page_writable(candidate);
    table[11].flags = 0;
    page_free(candidate);
}

static int copy(struct gnttab_copy op)
{
    if (hv_grant_table_op(GNTTABOP_copy, &op, 1))
        return -1000;
    return op.status;
}

static struct gnttab_copy from_ref(unsigned ref, unsigned from, unsigned to, unsigned length)
{
    struct gnttab_copy op = {.flags = GNTCOPY_source_gref, .len = (uint16_t)length};

    op.source.u.ref = ref;
    op.source.domid = 0;
    op.source.offset = (uint16_t)from;
    op.dest.u.gmfn = mfn_of(other);
    op.dest.domid = DOMID_SELF;
    op.dest.offset = (uint16_t)to;
    return op;
}

static struct gnttab_copy to_ref(unsigned ref, unsigned from, unsigned to, unsigned length)
{
    struct gnttab_copy op = {.flags = GNTCOPY_dest_gref, .len = (uint16_t)length};

    op.source.u.gmfn = mfn_of(other);
    op.source.domid = DOMID_SELF;
    op.source.offset = (uint16_t)from;
    op.dest.u.ref = ref;
    op.dest.domid = 0;
    op.dest.offset = (uint16_t)to;
    return op;
}

static void copies(void)
{
    uint8_t *p = (uint8_t *)page, *o = (uint8_t *)other;
    struct gnttab_copy op;

    grant(12, page, 0);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        p[i] = (uint8_t)(i * 7);
    check_eq("copy a page", copy(from_ref(12, 0, 0, PAGE_SIZE)), GNTST_okay);
    check("it is the same", !memcmp(p, o, PAGE_SIZE));
    memset(o, 0, PAGE_SIZE);
    check_eq("copy a part", copy(from_ref(12, 100, 200, 50)), GNTST_okay);
    check("in place", !memcmp(p + 100, o + 200, 50) && !o[199] && !o[250]);
    memset(o, 0x5a, PAGE_SIZE);
    check_eq("copy to a grant", copy(to_ref(12, 0, 4000, 96)), GNTST_okay);
    check("in place", p[4000] == 0x5a && p[4095] == 0x5a && p[3999] != 0x5a);
    check_hex("entry is free", table[12].flags, GTF_permit_access);
    check_eq("copy of nothing", copy(from_ref(12, 0, 0, 0)), GNTST_okay);
    check_eq("across the end of the source", copy(from_ref(12, 4000, 0, 97)), GNTST_bad_copy_arg);
    check_eq("across the end of the destination", copy(from_ref(12, 0, 4000, 97)), GNTST_bad_copy_arg);
    check_eq("offset out of the page", copy(from_ref(12, 4097, 0, 1)), GNTST_bad_copy_arg);
    check_eq("length 65535", copy(from_ref(12, 0, 0, 65535)), GNTST_bad_copy_arg);
    grant(12, page, GTF_readonly);
    check("to a read-only grant", copy(to_ref(12, 0, 0, 8)) < 0);
    check_eq("from a read-only grant", copy(from_ref(12, 0, 0, 8)), GNTST_okay);
    table[12].flags = 0;
    check("from a reference that grants nothing", copy(from_ref(12, 0, 0, 8)) < 0);
    check_eq("from a reference out of range", copy(from_ref(0xffffffff, 0, 0, 8)), GNTST_bad_gntref);
    grant(12, page, 0);
    op = from_ref(12, 0, 0, 8);
    op.dest.u.gmfn = mfn_of(kernel_l4);
    check("to a page table", copy(op) < 0);
    op.dest.u.gmfn = 0xfffffffff;
    check("to no frame", copy(op) < 0);
    op = from_ref(12, 0, 0, 8);
    op.source.domid = 77;
    check_eq("from no domain", copy(op), GNTST_bad_domain);
    op = from_ref(12, 0, 0, 8);
    op.flags = 0;
    op.source.u.gmfn = mfn_of(page);
    op.source.domid = DOMID_SELF;
    check_eq("between own frames", copy(op), GNTST_okay);
    check("between own frames, done", !memcmp(p, o, 8));
    table[12].flags = 0;
}

static void batches(void)
{
    static struct gnttab_map_grant_ref maps[64];
    static struct gnttab_unmap_grant_ref unmaps[64];
    unsigned wrong = 0;

    grant(13, page, 0);
    for (unsigned i = 0; i < 64; i++)
        maps[i] = (struct gnttab_map_grant_ref){
            .host_addr = (uint64_t)scratch_va(64 + i), .flags = GNTMAP_host_map, .ref = i == 40 ? 14 : 13};
    check_eq("map 64, one of them bad", hv_grant_table_op(GNTTABOP_map_grant_ref, maps, 64), 0);
    for (unsigned i = 0; i < 64; i++)
        wrong += (maps[i].status != GNTST_okay) != (i == 40);
    check_eq("only that one failed", wrong, 0);
    for (unsigned i = 0; i < 64; i++)
        unmaps[i] = (struct gnttab_unmap_grant_ref){.host_addr = maps[i].host_addr, .handle = maps[i].handle};
    unmaps[40].handle = 0xffffffff;
    check_eq("unmap 64", hv_grant_table_op(GNTTABOP_unmap_grant_ref, unmaps, 64), 0);
    for (unsigned i = 0; i < 64; i++)
        wrong += (unmaps[i].status != GNTST_okay) != (i == 40) || *scratch_entry(64 + i);
    check_eq("all unmapped", wrong, 0);
    check_hex("entry is free", table[13].flags, GTF_permit_access);
    table[13].flags = 0;
    check_eq("map none", hv_grant_table_op(GNTTABOP_map_grant_ref, maps, 0), 0);
    check_eq("unmap none", hv_grant_table_op(GNTTABOP_unmap_grant_ref, unmaps, 0), 0);
}

static void misuse(void)
{
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    struct gnttab_query_size query = {.dom = 77};
    struct gnttab_set_version version = {.version = 3};
    uint64_t frames[1];

    check_error("no such operation", hv_grant_table_op(99, &setup, 1));
    check_error("map with a bad list", hv_grant_table_op(GNTTABOP_map_grant_ref, scratch_va(0x100), 1));
    check_error("map with too large a count", hv_grant_table_op(GNTTABOP_map_grant_ref, scratch_va(0x100), 0xffffffff));
    check_error("version 3", hv_grant_table_op(GNTTABOP_set_version, &version, 1));
    version.version = 2; /* see the story */
    check_range("version 2", hv_grant_table_op(GNTTABOP_set_version, &version, 1), -4095, 0);
    version.version = 1;
    check_eq("version 1", hv_grant_table_op(GNTTABOP_set_version, &version, 1), 0);
    check_eq("query_size of no domain", hv_grant_table_op(GNTTABOP_query_size, &query, 1), 0);
    check_eq("status", query.status, GNTST_bad_domain);
    set_xen_guest_handle(setup.frame_list, frames);
    setup.nr_frames = 1u << 20;
    check_range("setup_table of too many frames", hv_grant_table_op(GNTTABOP_setup_table, &setup, 1), -4095, 0);
    check("is refused", setup.status < 0 || setup.nr_frames == 1u << 20);
    setup = (struct gnttab_setup_table){.dom = 77, .nr_frames = 1};
    check_range("setup_table of no domain", hv_grant_table_op(GNTTABOP_setup_table, &setup, 1), -4095, 0);
    check_alive("misuse of the grant table");
}

void guest_main(void)
{
    set_up();
    map_and_unmap();
    who_uses();
    map_by_entry();
    map_refused();
    types_are_kept();
    copies();
    batches();
    misuse();
}
