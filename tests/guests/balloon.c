/* SPDX-License-Identifier: MIT
 *
 * Why: a guest's memory must shrink and grow as the tools say, and what it uses must stay as it is meanwhile.
 * Trick: half of the memory is filled with numbers that are checked after each step towards memory/target.
 * Expect: the guest reaches each target above what it uses; every page that it gets is its own (writes to it show
 * nowhere else); it ends when the tools ask it to. Reached sizes are printed as "balloon at N KiB".
 */
#include "front/balloon.h"
#include "front/front.h"
#include "front/port.h"
#include "front/store.h"
#include "guest.h"
#include "memory.h"

GUEST("balloon");

#define USED_MAX 8192u

static uint64_t *used[USED_MAX];
static unsigned count, steps;

static bool contents_hold(void)
{
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < 512; k += 73)
            if (used[i][k] != ((uint64_t)i << 16 | k)) {
                report_note("page %u, word %u changed to 0x%lx", i, k, used[i][k]);
                return false;
            }
    return true;
}

static void use(uint64_t pages)
{
    while (count < pages && count < USED_MAX) {
        used[count] = page_alloc();
        for (unsigned k = 0; k < 512; k++)
            used[count][k] = (uint64_t)count << 16 | k;
        count++;
    }
}

/* All free pages are written once, so that a frame that two pages share would show. */
static void touch_free_pages(void)
{
    void *kept = NULL;

    while (pages_left() > 80) {
        void **page = page_alloc();

        memset(page, 0xa5, PAGE_SIZE);
        *page = kept;
        kept = page;
    }
    while (kept) {
        void *next = *(void **)kept;

        page_free(kept);
        kept = next;
    }
}

void guest_main(void)
{
    uint64_t before = 0;

    if (!front_open())
        report_skip("only other domains have a balloon");
    balloon_open();
    use(pages_left() / 2);
    printf("READY\n");
    do {
        uint64_t target = balloon_target(), now;

        if (!target || target == before)
            continue;
        now = balloon_go_to(target);
        touch_free_pages();
        if (!contents_hold())
            case_failed("contents", "after step %u", steps);
        if (now != before) {
            printf("balloon at %lu KiB\n", now * 4);
            steps++;
        }
        before = now;
    } while (store_event(NULL, 0, NULL, 0, port_deadline(1000)) || !front_asked_to_end());
    check("the contents are as they were", contents_hold());
    check("the balloon moved", steps > 1);
}
