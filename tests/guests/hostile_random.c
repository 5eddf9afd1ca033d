/* SPDX-License-Identifier: MIT
 *
 * Why: page types, counts and grants interact; nobody thinks of every order of operations.
 * Trick: all vCPUs throw random operations at one small pool of frames: map, pin, link, write, grant, load as
 * descriptor table; the results do not matter.  On one vCPU two rules are watched all the time.  In the end everything
 * is taken down. Expect: a frame with a writable mapping is never pinned, nor the other way round; and after the
 * take-down each frame can take every role again, which shows that no reference was lost or left.
 *
 * Arguments: a number seeds another run.
 */
#include "clock.h"
#include "events.h"
#include "guest.h"
#include "memory.h"
#include "traps.h"
#include "vcpu.h"

GUEST("hostile_random");

#define FRAMES  16u
#define SCRATCH 16u /* mappings per vCPU */
#define ROUNDS  12000u

static uint64_t *pool[FRAMES];
static int pinned[FRAMES];
static grant_entry_v1_t *grants;
static unsigned vcpus;
static uint64_t seed_of_run = 1;
static volatile unsigned finished;
static uint64_t accepted[VCPU_MAX][12], refused[VCPU_MAX][12];
static unsigned broken;

struct random {
    uint64_t state;
};

static uint64_t next(struct random *r)
{
    r->state ^= r->state << 13;
    r->state ^= r->state >> 7;
    r->state ^= r->state << 17;
    return r->state * 0x2545f4914f6cdd1dul >> 16;
}

static uint64_t random_entry(struct random *r)
{
    static const uint64_t flags[] = {
        PTE_TABLE,      PTE_TABLE,          PTE_TABLE,         PTE_KERNEL,      PTE_RO, PTE_USER,
        PTE_P | PTE_US, PTE_TABLE | PTE_PS, PTE_TABLE | PTE_G, PTE_RO | PTE_NX, 0,      0};

    return pte_make(mfn_of(pool[next(r) % FRAMES]), flags[next(r) % ARRAY_SIZE(flags)]);
}

static void *own_scratch(unsigned vcpu, uint64_t n)
{
    return scratch_va(64 + vcpu * SCRATCH + (unsigned)(n % SCRATCH));
}

static bool home_writable(unsigned f)
{
    return (*pt_entry((uint64_t)pool[f], 1) & (PTE_P | PTE_RW)) == (PTE_P | PTE_RW);
}

static void rule(bool held, const char *what)
{
    if (!held && vcpus == 1 && !broken++)
        case_failed("rules", "%s", what);
}

static long op_home(struct random *r, unsigned f)
{
    long ret = next(r) % 2 ? page_writable(pool[f]) : page_readonly(pool[f]);

    rule(!(pinned[f] && home_writable(f)), "a pinned frame became writable");
    return ret;
}

static long op_scratch(struct random *r, unsigned f, unsigned vcpu)
{
    static const uint64_t flags[] = {PTE_KERNEL, PTE_RO, 0};
    uint64_t pte = pte_make(mfn_of(pool[f]), flags[next(r) % 3]);
    long ret = map_page(own_scratch(vcpu, next(r)), pte);

    rule(!(pinned[f] && !ret && (pte & PTE_RW)), "a pinned frame got a writable mapping");
    return ret;
}

static long op_pin(struct random *r, unsigned f)
{
    int level = 1 + (int)(next(r) % 4);
    long ret = pin(level, mfn_of(pool[f]));

    if (!ret) {
        rule(!home_writable(f), "a writable frame was pinned");
        pinned[f] = level;
    }
    return ret;
}

static long op_unpin(unsigned f)
{
    long ret = unpin(mfn_of(pool[f]));

    rule(ret == 0 || !pinned[f], "a pinned frame cannot be unpinned");
    if (!ret)
        pinned[f] = 0;
    return ret;
}

static long op_entry(struct random *r, unsigned f)
{
    unsigned kind = (unsigned)(next(r) % 4);

    if (kind == MMU_MACHPHYS_UPDATE)
        kind = MMU_NORMAL_PT_UPDATE;
    return mmu_update_one(machine_of(pool[f] + next(r) % 8 + 16) | kind, random_entry(r), DOMID_SELF);
}

static long op_write(struct random *r, unsigned f)
{
    return try_write64(pool[f] + next(r) % 8, random_entry(r)) == TRAP_NONE ? 0 : -1;
}

static long op_link(struct random *r, unsigned f)
{
    return pt_set(kernel_l4 + 64 + next(r) % 4, next(r) % 3 ? pte_make(mfn_of(pool[f]), PTE_TABLE) : 0);
}

static long op_user_base(struct random *r, unsigned f)
{
    return mmuext(MMUEXT_NEW_USER_BASEPTR, next(r) % 2 ? mfn_of(pool[f]) : 0);
}

static long op_page(struct random *r, unsigned f)
{
    if (next(r) % 2)
        return mmuext(MMUEXT_CLEAR_PAGE, mfn_of(pool[f]));
    return mmuext_args(MMUEXT_COPY_PAGE, mfn_of(pool[f]), mfn_of(pool[next(r) % FRAMES]));
}

static long op_grant(struct random *r, unsigned f, unsigned vcpu)
{
    struct gnttab_map_grant_ref map = {.host_addr = (uint64_t)own_scratch(vcpu, next(r)), .ref = 8 + f};
    struct gnttab_unmap_grant_ref unmap = {.host_addr = map.host_addr};

    map.flags = GNTMAP_host_map | (next(r) % 2 ? GNTMAP_readonly : 0);
    map_page((void *)map.host_addr, 0);
    if (hv_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) || map.status)
        return -1;
    rule(!(pinned[f] && !(map.flags & GNTMAP_readonly)), "a pinned frame was granted writable");
    unmap.handle = map.handle;
    if (hv_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1) || unmap.status)
        rule(false, "a grant cannot be unmapped");
    return 0;
}

static long op_descriptors(struct random *r, unsigned f)
{
    uint64_t frame = mfn_of(pool[f]);

    if (next(r) % 2)
        return next(r) % 2 ? hv_set_gdt(&frame, 64) : hv_set_gdt(NULL, 0);
    return mmuext_args(MMUEXT_SET_LDT, (uint64_t)pool[f], next(r) % 2 ? 64 : 0);
}

static unsigned rounds(void)
{
    return vcpus <= 2 ? ROUNDS / vcpus : ROUNDS / vcpus / 6;
}

static void throw_all(unsigned vcpu)
{
    struct random r = {0x9e3779b97f4a7c15ul * (seed_of_run + vcpu * 1000)};

    /* Under emulation each TLB flush waits for every CPU's turn: few rounds where they are many. */
    for (unsigned round = 0; round < rounds(); round++) {
        unsigned f = (unsigned)(next(&r) % FRAMES), op = (unsigned)(next(&r) % 12);
        long ret = 0;

        switch (op) {
        case 0:
            ret = op_home(&r, f);
            break;
        case 1:
            ret = op_scratch(&r, f, vcpu);
            break;
        case 2:
            ret = op_pin(&r, f);
            break;
        case 3:
            ret = op_unpin(f);
            break;
        case 4:
        case 5:
            ret = op_entry(&r, f);
            break;
        case 6:
            ret = vcpu ? -1 : op_write(&r, f);
            break; /* TRY belongs to vCPU 0 */
        case 7:
            ret = op_link(&r, f);
            break;
        case 8:
            ret = op_user_base(&r, f);
            break;
        case 9:
            ret = op_page(&r, f);
            break;
        case 10:
            ret = op_grant(&r, f, vcpu);
            break;
        default:
            ret = op_descriptors(&r, f);
            break;
        }
        if (ret < 0)
            refused[vcpu][op]++;
        else
            accepted[vcpu][op]++;
    }
    mmuext(MMUEXT_NEW_USER_BASEPTR, 0);
    mmuext_args(MMUEXT_SET_LDT, 0, 0);
    hv_set_gdt(NULL, 0);
    for (unsigned i = 0; i < SCRATCH; i++)
        map_page(own_scratch(vcpu, i), 0);
    __atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
}

static void take_down(void)
{
    unsigned stuck = 0, roles = 0;

    for (unsigned i = 0; i < 4; i++)
        pt_set(kernel_l4 + 64 + i, 0);
    for (unsigned f = 0; f < FRAMES; f++)
        unpin(mfn_of(pool[f]));
    /* The base table in use keeps a reference in each frame it still reaches: none. */
    for (unsigned f = 0; f < FRAMES; f++)
        if (page_writable(pool[f])) {
            report_note("frame %u stays a table", f);
            stuck++;
        }
    check_eq("all frames are plain pages again", stuck, 0);
    if (stuck)
        return;
    for (unsigned f = 0; f < FRAMES; f++) {
        memset(pool[f], 0, PAGE_SIZE);
        page_readonly(pool[f]);
        for (int level = 1; level <= 4; level++)
            roles += pin(level, mfn_of(pool[f])) || unpin(mfn_of(pool[f]));
        roles += page_writable(pool[f]) != 0;
    }
    check_eq("and take every role", roles, 0);
}

static void set_up(void)
{
    uint64_t frames[1];
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    struct gnttab_set_version version = {.version = 1};

    for (const char *c = guest_cmdline(); *c; c++)
        if (*c >= '0' && *c <= '9')
            seed_of_run = seed_of_run * 10 + (uint64_t)(*c - '0');
    hv_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
    set_xen_guest_handle(setup.frame_list, frames);
    hv_grant_table_op(GNTTABOP_set_version, &version, 1);
    hv_grant_table_op(GNTTABOP_setup_table, &setup, 1);
    scratch_set(0, pte_make(frames[0], PTE_KERNEL));
    grants = scratch_va(0);
    for (unsigned f = 0; f < FRAMES; f++) {
        pool[f] = page_alloc();
        grants[8 + f] = (grant_entry_v1_t){.flags = GTF_permit_access, .frame = (uint32_t)mfn_of(pool[f])};
    }
}

void guest_main(void)
{
    uint64_t ok = 0, no = 0;

    vcpus = vcpu_count();
    set_up();
    for (unsigned v = 1; v < vcpus; v++)
        if (vcpu_boot(v, throw_all))
            report_error("cannot start vCPU %u", v);
    throw_all(0);
    for (uint64_t end = clock_ns() + 60000000000ul; finished < vcpus && clock_ns() < end;)
        vcpu_relax();
    check_eq("all vcpus finished", finished, vcpus);
    for (unsigned op = 0; op < 12; op++) {
        uint64_t a = 0, n = 0;

        for (unsigned v = 0; v < vcpus; v++)
            a += accepted[v][op], n += refused[v][op];
        ok += a;
        no += n;
        report_note("operation %u: %lu accepted, %lu refused", op, a, n);
    }
    check("both answers are frequent", ok > rounds() / 20 && no > rounds() / 20);
    if (vcpus == 1)
        check_eq("rules were kept", broken, 0);
    take_down();
    check_alive("random operations");
}
