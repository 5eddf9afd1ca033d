/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries that map granted frames.
 *
 * Such an entry is like any that maps a frame of another domain: it holds its own references (pte_reference.h), beside
 * those that the grant holds. So a domain which overwrites it by other means drops what the entry held and nothing
 * else; the grant's references keep the frame from changing its type or its owner until the grant is unmapped, which
 * flushes TLBs first.
 */
#include "guest/pv/grant_pte.h"
#include "guest/pv/address_space.h"
#include "guest/pv/page_type.h"
#include "guest/pv/pte_check.h"
#include "guest/pv/pte_reference.h"
#include "lib/log.h"
#include "platform/io_memory.h"
#include <xen/grant_table.h>

static pte_t grant_entry(mfn_t frame, unsigned int flags, unsigned int cache_attr)
{
    pte_t e = pte_make(frame, PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_NX);

    if (!(flags & GNTMAP_readonly))
        e |= PTE_WRITE;
    /* Three bits of the guest's choice go where entries have three bits for software. */
    e |= (pte_t)(flags >> _GNTMAP_guest_avail0 & 7) << 9;
    if (!frame_is_ram(frame))
        e = pte_check_io(e | (cache_attr & (PTE_PWT | PTE_PCD)), io_frame_read_only(frame.n));
    return pte_check_hardware(e);
}

/* The grant's own references make these fail only when counts overflow. */
static bool grant_reference_get(pte_t e)
{
    mfn_t mfn = pte_mfn(e);

    if (!frame_is_ram(mfn))
        return true;
    struct frame *f = frame_of(mfn);
    return e & PTE_WRITE ? page_type_get_writable(f, f->owner) : frame_get_again(f);
}

/* Locked. The entry that host_addr names, in a validated L1 table of d; NULL: there is none. Holds as long as the lock.
 */
static pte_t *entry_slot(struct vcpu *v, uint64_t host_addr, unsigned int flags)
{
    struct domain *d = v->domain;

    if (!(flags & GNTMAP_contains_pte))
        return guest_address_ok(host_addr) ? address_space_walk(v->pv.kernel_table, host_addr, 1) : NULL;

    mfn_t mfn = MFN(host_addr >> PAGE_SHIFT);
    if ((host_addr & (sizeof(pte_t) - 1)) || !frame_exists(mfn) || !frame_get(frame_of(mfn), d->id))
        return NULL;
    bool is_l1 = page_type_table_level(__atomic_load_n(&frame_of(mfn)->type, __ATOMIC_ACQUIRE)) == 1;
    frame_put(frame_of(mfn)); /* the type keeps it, and the lock the type */
    return is_l1 ? direct_map(host_addr) : NULL;
}

int grant_pte_map(struct vcpu *v, uint64_t host_addr, mfn_t frame, unsigned int flags, unsigned int cache_attr)
{
    struct domain *d = v->domain;
    pte_t e = grant_entry(frame, flags, cache_attr);
    int status = GNTST_general_error;

    spin_lock(&d->page_table_lock);
    pte_t *slot = entry_slot(v, host_addr, flags);
    if (slot && grant_reference_get(e)) {
        pte_t old = pte_read(slot);
        pte_write(slot, e);
        pte_reference_put(old);
        status = GNTST_okay;
    }
    spin_unlock(&d->page_table_lock);
    if (status != GNTST_okay)
        log_guest("no page-table entry at %lx for a grant\n", (unsigned long)host_addr);
    return status;
}

static bool entry_maps_grant(pte_t e, mfn_t frame, unsigned int flags)
{
    bool writable = !(flags & GNTMAP_readonly) && !io_frame_read_only(frame.n);

    return (e & PTE_PRESENT) && mfn_eq(pte_mfn(e), frame) && !!(e & PTE_WRITE) == writable;
}

int grant_pte_unmap(struct vcpu *v, uint64_t host_addr, uint64_t new_addr, mfn_t frame, unsigned int flags)
{
    struct domain *d = v->domain;
    int status = GNTST_general_error;

    if (new_addr && (flags & GNTMAP_contains_pte))
        return GNTST_general_error;
    spin_lock(&d->page_table_lock);
    pte_t *slot = entry_slot(v, host_addr, flags);
    pte_t *next_slot = new_addr ? entry_slot(v, new_addr, 0) : NULL;
    if (slot && entry_maps_grant(pte_read(slot), frame, flags) && (!new_addr || (next_slot && next_slot != slot))) {
        pte_t old = pte_read(slot), next = 0;
        if (next_slot) { /* moves with the references that it holds */
            next = pte_read(next_slot);
            pte_write(next_slot, 0);
        }
        pte_write(slot, next);
        pte_reference_put(old);
        status = GNTST_okay;
    }
    spin_unlock(&d->page_table_lock);
    if (status != GNTST_okay)
        log_guest("entry at %lx does not map grant frame %lx\n", (unsigned long)host_addr, (unsigned long)frame.n);
    return status;
}
