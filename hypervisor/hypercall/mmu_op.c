/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmu_update, update_va_mapping(_otherdomain), set_gdt, update_descriptor: copy in, check, one call into guest/pv per
 * entry, and the TLB flushes that the guest asks for.
 *
 * mmu_update is continued with the rest of its array and MMU_UPDATE_PREEMPTED in the count; the number of entries done
 * so far is kept in *pdone.
 */
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "guest/pv/address_space.h"
#include "guest/pv/descriptor_tables.h"
#include "guest/pv/machine_to_phys.h"
#include "guest/pv/pt_update.h"
#include "hypercall/continuation.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"
#include "mm/tlb.h"

/* Entries copied in at a time; between batches the CPU looks whether something waits. */
#define BATCH 32

struct update {
    struct vcpu *v;
    struct domain *pt_owner, *page_owner;
};

/* A request that is not about an entry of a table. */
static int update_other(const struct update *u, const struct mmu_update *req)
{
    if ((req->ptr & (sizeof(pte_t) - 1)) != MMU_MACHPHYS_UPDATE)
        return -ENOSYS;
    if (u->pt_owner != u->v->domain)
        return -EPERM;
    return machine_to_phys_update(u->page_owner, MFN(req->ptr >> PAGE_SHIFT), req->val);
}

/* Up to BATCH entries. Returns how many were done; *rc says why it stopped before the end. */
static unsigned int update_batch(const struct update *u, uint64_t reqs, unsigned int count, int *rc)
{
    struct mmu_update req[BATCH];
    unsigned int done = 0;

    if (guest_copy_in(req, reqs, count * sizeof(req[0]))) {
        /* Those before the bad address still count. */
        if (count == 1 || guest_copy_in(req, reqs, sizeof(req[0]))) {
            *rc = -EFAULT;
            return 0;
        }
        count = 1;
    }
    while (done < count && !*rc) {
        *rc = pt_update_finish(u->v);
        if (unlikely(*rc))
            break;
        if (likely(pt_update_is_entry(&req[done]))) {
            *rc = pt_update_entries(u->v, u->pt_owner, u->page_owner, &req[done], count - done, &done);
        } else {
            *rc = update_other(u, &req[done]);
            done += !*rc;
        }
    }
    return done;
}

/* foreigndom: the low half says whose frames are mapped, the high half, if not 0, whose tables change (id + 1). */
static int update_begin(struct update *u, uint32_t foreigndom)
{
    int error = 0;

    u->v = current;
    u->pt_owner = u->v->domain;
    if (foreigndom >> 16) {
        domid_t id = (domid_t)((foreigndom >> 16) - 1);
        if (id != u->v->domain->id) {
            u->pt_owner = id < DOMID_FIRST_RESERVED ? pt_update_owner_get(u->v, id, &error) : NULL;
            if (!u->pt_owner)
                return error ? error : -ESRCH;
        }
    }
    u->page_owner = pt_update_owner_get(u->v, (domid_t)foreigndom, &error);
    if (u->page_owner)
        return 0;
    pt_update_owner_put(u->v, u->pt_owner);
    return error;
}

static void update_end(const struct update *u)
{
    pt_update_owner_put(u->v, u->page_owner);
    pt_update_owner_put(u->v, u->pt_owner);
}

int64_t hypercall_mmu_update(uint64_t reqs, uint64_t count_arg, uint64_t pdone, uint64_t foreigndom, uint64_t)
{
    unsigned int count = (uint32_t)count_arg, done_before = 0, done = 0;
    struct update u;

    if (count & MMU_UPDATE_PREEMPTED) {
        count &= ~MMU_UPDATE_PREEMPTED;
        if (pdone && guest_copy_in(&done_before, pdone, sizeof(done_before)))
            return -EFAULT;
    }
    int rc = update_begin(&u, (uint32_t)foreigndom);
    if (rc)
        return rc;
    while (done < count && !rc) {
        if (done && continuation_wanted()) {
            rc = -ERESTART;
            break;
        }
        done += update_batch(&u, reqs + done * sizeof(struct mmu_update), MIN(count - done, BATCH), &rc);
    }
    update_end(&u);

    if (pdone) {
        done_before += done;
        if (guest_copy_out(pdone, &done_before, sizeof(done_before)) && !rc)
            rc = -EFAULT;
    }
    if (rc != -ERESTART)
        return rc;
    return continuation_make(__HYPERVISOR_mmu_update, 4, reqs + done * sizeof(struct mmu_update),
                             (uint64_t)((count - done) | MMU_UPDATE_PREEMPTED), pdone, foreigndom);
}

/* The flush that update_va_mapping asks for, after the entry has changed. */
static int va_mapping_flush(struct domain *d, uint64_t va, uint64_t flags)
{
    uint64_t whom = flags & ~UVMF_FLUSHTYPE_MASK, what;
    cpumask_t cpus;

    if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_TLB_FLUSH)
        what = TLB_ALL;
    else if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_INVLPG)
        what = va;
    else
        return 0;

    if (whom == UVMF_LOCAL) {
        if (what == TLB_ALL)
            tlb_flush_local();
        else
            invlpg(va);
        return 0;
    }
    if (whom == UVMF_ALL)
        cpus = address_space_cpus(d);
    else if (address_space_vcpu_cpus(d, whom, &cpus))
        return -EFAULT;
    tlb_flush_mask(cpus, what);
    return 0;
}

static inline __attribute__((always_inline)) int update_va(struct vcpu *v, struct domain *page_owner, uint64_t va,
                                                           uint64_t value, uint64_t flags)
{
    int rc = pt_update_finish(v);

    if (likely(!rc))
        rc = pt_update_va_mapping(v, page_owner, va, value);
    if (likely(!rc) && (flags & UVMF_FLUSHTYPE_MASK))
        rc = va_mapping_flush(v->domain, va, flags);
    return rc;
}

int64_t hypercall_update_va_mapping(uint64_t va, uint64_t value, uint64_t flags, uint64_t, uint64_t)
{
    struct vcpu *v = current;
    int rc = update_va(v, v->domain, va, value, flags);

    if (unlikely(rc == -ERESTART))
        return continuation_make(__HYPERVISOR_update_va_mapping, 3, va, value, flags);
    return rc;
}

int64_t hypercall_update_va_mapping_otherdomain(uint64_t va, uint64_t value, uint64_t flags, uint64_t domid, uint64_t)
{
    struct vcpu *v = current;
    int rc = 0;
    struct domain *page_owner = pt_update_owner_get(v, (domid_t)domid, &rc);

    if (!page_owner)
        return rc;
    rc = update_va(v, page_owner, va, value, flags);
    pt_update_owner_put(v, page_owner);
    if (rc == -ERESTART)
        return continuation_make(__HYPERVISOR_update_va_mapping_otherdomain, 4, va, value, flags, domid);
    return rc;
}

int64_t hypercall_set_gdt(uint64_t list, uint64_t entries_arg, uint64_t, uint64_t, uint64_t)
{
    unsigned int entries = (uint32_t)entries_arg;
    uint64_t frames[GDT_GUEST_PAGES];

    if (entries > GDT_RESERVED_START / 8)
        return -EINVAL;
    if (entries && guest_copy_in(frames, list, (entries + 511) / 512 * sizeof(frames[0])))
        return -EFAULT;
    return descriptor_tables_set_gdt(current, frames, entries);
}

int64_t hypercall_update_descriptor(uint64_t at, uint64_t descriptor, uint64_t, uint64_t, uint64_t)
{
    return descriptor_tables_update(current, at, descriptor);
}
