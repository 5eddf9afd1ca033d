/* SPDX-License-Identifier: MIT
 *
 * Why: memory that a guest gives back, keeps, or only says that it gives back must never be somebody else's too early.
 * Trick: it asks for more than it may have, gives back what is not its own, gives back pages that it still maps or that
 * a back end has mapped, and does not follow memory/target at all until the tools ask it to end. Expect: what cannot be
 * is refused and changes nothing. A frame that is in use somewhere stays the guest's until the last use ends. (The
 * tools see that the target is not reached, and report it.)
 */
#include "front/balloon.h"
#include "front/block.h"
#include "front/front.h"
#include "front/grants.h"
#include "front/port.h"
#include "front/store.h"
#include "guest.h"
#include "memory.h"

GUEST("hostile_balloon");

static struct block disk;

static long reservation(unsigned operation, xen_pfn_t *frames, uint64_t count, unsigned order)
{
    struct xen_memory_reservation r = {.nr_extents = count, .extent_order = order, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, frames);
    return hv_memory_op(operation, &r);
}

static long give(xen_pfn_t frame)
{
    return reservation(XENMEM_decrease_reservation, &frame, 1, 0);
}

static void ask_for_more(void)
{
    static xen_pfn_t frames[4096];
    unsigned got = 0;

    /* A number that is taken: nobody will miss what comes. */
    for (; got < ARRAY_SIZE(frames); got++) {
        frames[got] = start_info->nr_pages - 1;
        if (reservation(XENMEM_populate_physmap, &frames[got], 1, 0) != 1)
            break;
    }
    report_note("%u pages more", got);
    check("more than allowed is not given", got < ARRAY_SIZE(frames));
    while (got && give(frames[got - 1]) == 1)
        got--;
    check_eq("the pages beyond are given back", got, 0);
    check_range("a piece of 1 GiB is not given", reservation(XENMEM_populate_physmap, frames, 1, 18), -4095, 0);
    check_range("2^40 pieces are not given", reservation(XENMEM_populate_physmap, frames, 1ull << 40, 0), -4095, 64);
}

static void give_what_is_not_ours(void)
{
    const xen_pfn_t frames[] = {0, 1, 0x100, 0xfffff, 1ul << 40, ~0ul, ~0ul >> 12};
    xen_pfn_t shared = start_info->shared_info >> 12;

    for (unsigned i = 0; i < ARRAY_SIZE(frames); i++)
        check_range(case_name("frame 0x%lx is not taken", frames[i]), give(frames[i]), -4095, 0);
    check_range("the shared page is not taken", give(shared), -4095, 0);
    check_range("2^50 frames are not taken", reservation(XENMEM_decrease_reservation, NULL, 1ull << 50, 0), -4095, 0);
}

/* The frame may leave us at once or when its last use ends: until then it must be as it was. */
static void give_what_is_in_use(void)
{
    volatile uint64_t *page = page_alloc();
    uint64_t *table = (uint64_t *)start_info->pt_base;

    *page = 0x5afe;
    report_note("a page that is mapped: %ld", give(mfn_of((void *)(uintptr_t)page)));
    check_hex("it is still the same", *page, 0x5afe);
    report_note("our top-level table: %ld", give(mfn_of(table)));
    check_alive("the table in use");
}

static void give_what_is_lent(void)
{
    uint32_t *data = page_alloc();
    xen_pfn_t ring;

    if (block_open(&disk, disk.xenbus.id, NULL)) {
        case_failed("lent", "cannot connect to the disk");
        return;
    }
    data[7] = 77;
    check_eq("write", block_io(&disk, BLKIF_OP_WRITE, 8, data, 8), 0);
    ring = mfn_of(disk.ring.page);
    report_note("the ring's page: %ld", give(ring));
    if (disk.persistent && disk.slot[0].pool[0])
        report_note("a page that is lent for good: %ld", give(mfn_of(disk.slot[0].pool[0])));
    for (unsigned i = 0; i < 100; i++) {
        data[7] = i;
        block_io(&disk, BLKIF_OP_WRITE, 8, data, 8);
        data[7] = 0;
        if (block_io(&disk, BLKIF_OP_READ, 8, data, 8) || data[7] != i) {
            case_failed("lent", "request %u on pages that were given back", i);
            return;
        }
    }
    case_ok("the disk works on with pages that were given back");
    block_close(&disk);
}

void guest_main(void)
{
    unsigned id;

    if (!front_open())
        report_skip("only other domains have a balloon");
    printf("READY\n");
    check_error("memory/target is not ours to write", store_write(STORE_OUTSIDE, "memory/target", "1"));
    check_error("memory/static-max is not ours to write", store_write(STORE_OUTSIDE, "memory/static-max", "99999999"));
    ask_for_more();
    give_what_is_not_ours();
    give_what_is_in_use();
    if (xenbus_list("vbd", &id, 1)) {
        disk.xenbus.id = id;
        give_what_is_lent();
    }
    printf("KEEPS\n");
    while (!front_asked_to_end())
        store_event(NULL, 0, NULL, 0, port_deadline(1000));
}
