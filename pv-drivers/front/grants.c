/* SPDX-License-Identifier: MIT
 *
 * See grants.h. Version 1 of the table. Free references are a list that runs through next[].
 */
#include "front/grants.h"

#include "guest.h"
#include "memory.h"

#define FRAMES       8u
#define PER_FRAME    (PAGE_SIZE / sizeof(grant_entry_v1_t))
#define REFERENCES   (FRAMES * PER_FRAME)
#define FIRST_FREE   8u   /* those below are for the tools (console, store) */
#define FIRST_WINDOW 496u /* the table is mapped at the last scratch addresses */

static grant_entry_v1_t *table;
static uint32_t next[REFERENCES], first, in_use;

void grants_init(void)
{
    uint64_t frames[FRAMES];
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = FRAMES};
    long ret;

    if (table)
        return;
    set_xen_guest_handle(setup.frame_list, frames);
    ret = hv_grant_table_op(GNTTABOP_setup_table, &setup, 1);
    if (ret || setup.status)
        report_error("no grant table of %u frames: %ld, status %d", FRAMES, ret, setup.status);
    for (unsigned i = 0; i < FRAMES; i++)
        if (scratch_set(FIRST_WINDOW + i, pte_make(frames[i], PTE_KERNEL)))
            report_error("cannot map frame %u of the grant table", i);
    table = scratch_va(FIRST_WINDOW);
    for (uint32_t ref = FIRST_FREE; ref < REFERENCES - 1; ref++)
        next[ref] = ref + 1;
    first = FIRST_FREE;
}

grant_entry_v1_t *grant_entry(uint32_t ref)
{
    return &table[ref];
}

uint32_t grant_give(domid_t to, const void *page, bool read_only)
{
    uint32_t ref = first;

    if (!ref)
        return GRANT_NONE;
    first = next[ref];
    in_use++;
    table[ref].domid = to;
    table[ref].frame = (uint32_t)mfn_of(page);
    mb(); /* the hypervisor may look as soon as the flags say that the entry is valid */
    table[ref].flags = (uint16_t)(GTF_permit_access | (read_only ? GTF_readonly : 0));
    return ref;
}

bool grant_mapped(uint32_t ref)
{
    return __atomic_load_n(&table[ref].flags, __ATOMIC_SEQ_CST) & (GTF_reading | GTF_writing);
}

bool grant_take_back(uint32_t ref)
{
    uint16_t seen = __atomic_load_n(&table[ref].flags, __ATOMIC_SEQ_CST);

    /* The flags change under us if it is mapped meanwhile: only then does the exchange fail. */
    do {
        if (seen & (GTF_reading | GTF_writing))
            return false;
    } while (!__atomic_compare_exchange_n(&table[ref].flags, &seen, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    next[ref] = first;
    first = ref;
    in_use--;
    return true;
}

unsigned grants_in_use(void)
{
    return in_use;
}
