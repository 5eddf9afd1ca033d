/* SPDX-License-Identifier: MIT
 *
 * See balloon.h. Pages in the balloon are known by their pfn; mfn_list has no frame for them meanwhile.
 */
#include "front/balloon.h"
#include "front/store.h"
#include "front/xenbus.h"

#include "guest.h"
#include "memory.h"

#define BALLOON_MAX  16384u /* pages */
#define KEEP_FREE    64u    /* pages that the guest itself may want */
#define NO_FRAME     (~0ul)
#define KIB_PER_PAGE 4u

static uint32_t hole[BALLOON_MAX]; /* pfns */
static unsigned holes;

void balloon_open(void)
{
    store_watch("memory/target", "balloon");
}

uint64_t balloon_pages(void)
{
    return start_info->nr_pages - holes;
}

uint64_t balloon_target(void)
{
    return xenbus_number("memory", "target", 0) / KIB_PER_PAGE;
}

static long reservation(unsigned operation, xen_pfn_t *frame)
{
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, frame);
    return hv_memory_op(operation, &r);
}

/* The frame is given back only when nothing maps it any more. */
static bool give_page(void)
{
    void *page = page_alloc();
    uint64_t pfn = va_to_pfn(page);
    xen_pfn_t frame = mfn_of_pfn(pfn);

    map_page(page, 0);
    mfn_of_pfn_set(pfn, NO_FRAME);
    if (reservation(XENMEM_decrease_reservation, &frame) != 1)
        report_error("the hypervisor does not take frame 0x%lx back", frame);
    hole[holes++] = (uint32_t)pfn;
    return true;
}

/* The hypervisor writes its machine-to-physical table itself (extent in: our number; out: the frame). */
static bool take_page(void)
{
    uint64_t pfn = hole[holes - 1];
    xen_pfn_t frame = pfn;

    if (reservation(XENMEM_populate_physmap, &frame) != 1)
        return false;
    holes--;
    mfn_of_pfn_set(pfn, frame);
    if (map_page(pfn_to_va(pfn), pte_make(frame, PTE_KERNEL)))
        report_error("cannot map frame 0x%lx that was given to us", frame);
    page_free(pfn_to_va(pfn));
    return true;
}

uint64_t balloon_go_to(uint64_t pages)
{
    while (balloon_pages() > pages && holes < BALLOON_MAX && pages_left() > KEEP_FREE && give_page())
        ;
    while (balloon_pages() < pages && holes && take_page())
        ;
    return balloon_pages();
}
