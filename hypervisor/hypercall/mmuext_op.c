/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmuext_op: pins, base pointers, flushes, LDT, page clearing. One function per operation, in a table.
 *
 * Only pins and the two page operations may be about another domain (foreigndom); the others are about the caller
 * itself. An operation that returns -ERESTART is done again; what unpinning and base pointers leave unfinished is
 * finished before the next.
 */
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "guest/pv/address_space.h"
#include "guest/pv/descriptor_tables.h"
#include "guest/pv/page_type.h"
#include "guest/pv/pt_update.h"
#include "guest/pv/pte_reference.h"
#include "hypercall/continuation.h"
#include "hypercall/table.h"
#include "irq/irq.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/guest_copy.h"
#include "mm/tlb.h"

typedef int (*mmuext_fn)(struct vcpu *v, struct domain *d, const struct mmuext_op *op);

static int op_pin(struct vcpu *v, struct domain *d, const struct mmuext_op *op)
{
    return pt_update_pin(v, d, MFN(op->arg1.mfn), op->cmd - MMUEXT_PIN_L1_TABLE + 1);
}

static int op_unpin(struct vcpu *v, struct domain *d, const struct mmuext_op *op)
{
    return pt_update_unpin(v, d, MFN(op->arg1.mfn));
}

static int op_new_baseptr(struct vcpu *v, struct domain *d __unused_, const struct mmuext_op *op)
{
    return address_space_set_kernel(v, MFN(op->arg1.mfn));
}

static int op_new_user_baseptr(struct vcpu *v, struct domain *d __unused_, const struct mmuext_op *op)
{
    return address_space_set_user(v, MFN(op->arg1.mfn));
}

static int op_tlb_flush_local(struct vcpu *v __unused_, struct domain *d __unused_,
                              const struct mmuext_op *op __unused_)
{
    tlb_flush_local();
    return 0;
}

/* Flushing an address that is not the guest's would do no harm and no good. */
static int op_invlpg_local(struct vcpu *v __unused_, struct domain *d __unused_, const struct mmuext_op *op)
{
    if (guest_address_ok(op->arg1.linear_addr))
        invlpg(op->arg1.linear_addr);
    return 0;
}

static int op_flush_multi(struct vcpu *v __unused_, struct domain *d, const struct mmuext_op *op)
{
    cpumask_t cpus;
    uint64_t map;

    memcpy(&map, &op->arg2.vcpumask, sizeof(map)); /* a pointer or a struct around one, by interface version */
    if (address_space_vcpu_cpus(d, map, &cpus))
        return -EINVAL;
    if (op->cmd == MMUEXT_TLB_FLUSH_MULTI)
        tlb_flush_mask(cpus, TLB_ALL);
    else if (guest_address_ok(op->arg1.linear_addr))
        tlb_flush_mask(cpus, op->arg1.linear_addr);
    return 0;
}

static int op_flush_all(struct vcpu *v __unused_, struct domain *d, const struct mmuext_op *op)
{
    cpumask_t cpus = address_space_cpus(d);

    if (op->cmd == MMUEXT_TLB_FLUSH_ALL)
        tlb_flush_mask(cpus, TLB_ALL);
    else if (guest_address_ok(op->arg1.linear_addr))
        tlb_flush_mask(cpus, op->arg1.linear_addr);
    return 0;
}

static void cache_flush(void *arg __unused_)
{
    __asm__ volatile("wbinvd" ::: "memory");
}

/* Where the vCPU ran before is not recorded, so both kinds flush everywhere. Only for those who drive devices. */
static int op_flush_cache(struct vcpu *v __unused_, struct domain *d, const struct mmuext_op *op __unused_)
{
    if (!pte_reference_cacheability(d))
        return -EACCES;
    irq_call_on(cpu_online, cache_flush, NULL);
    return 0;
}

static int op_set_ldt(struct vcpu *v, struct domain *d __unused_, const struct mmuext_op *op)
{
    return descriptor_tables_set_ldt(v, op->arg1.linear_addr, op->arg2.nr_ents);
}

/* A frame of d to be written through the direct map; page_type_put_writable when done. */
static void *writable_page(struct domain *d, uint64_t mfn)
{
    if (!frame_exists(MFN(mfn)) || !page_type_get_writable(frame_of(MFN(mfn)), d->id))
        return NULL;
    return direct_map_mfn(MFN(mfn));
}

static int op_clear_page(struct vcpu *v __unused_, struct domain *d, const struct mmuext_op *op)
{
    void *page = writable_page(d, op->arg1.mfn);

    if (!page)
        return -EINVAL;
    memset(page, 0, PAGE_SIZE);
    page_type_put_writable(frame_of(MFN(op->arg1.mfn)));
    return 0;
}

static int op_copy_page(struct vcpu *v __unused_, struct domain *d, const struct mmuext_op *op)
{
    mfn_t from = MFN(op->arg2.src_mfn);
    int rc = -EINVAL;

    if (!frame_exists(from) || !frame_get(frame_of(from), d->id))
        return -EINVAL;
    void *to = writable_page(d, op->arg1.mfn);
    if (to) {
        memmove(to, direct_map_mfn(from), PAGE_SIZE);
        page_type_put_writable(frame_of(MFN(op->arg1.mfn)));
        rc = 0;
    }
    frame_put(frame_of(from));
    return rc;
}

static int op_superpage(struct vcpu *v __unused_, struct domain *d __unused_, const struct mmuext_op *op __unused_)
{
    return -EOPNOTSUPP;
}

static const struct {
    mmuext_fn fn;
    bool foreign; /* may be about another domain */
} operations[] = {
    [MMUEXT_PIN_L1_TABLE] = {op_pin, true},
    [MMUEXT_PIN_L2_TABLE] = {op_pin, true},
    [MMUEXT_PIN_L3_TABLE] = {op_pin, true},
    [MMUEXT_PIN_L4_TABLE] = {op_pin, true},
    [MMUEXT_UNPIN_TABLE] = {op_unpin, true},
    [MMUEXT_NEW_BASEPTR] = {op_new_baseptr, false},
    [MMUEXT_TLB_FLUSH_LOCAL] = {op_tlb_flush_local, false},
    [MMUEXT_INVLPG_LOCAL] = {op_invlpg_local, false},
    [MMUEXT_TLB_FLUSH_MULTI] = {op_flush_multi, false},
    [MMUEXT_INVLPG_MULTI] = {op_flush_multi, false},
    [MMUEXT_TLB_FLUSH_ALL] = {op_flush_all, false},
    [MMUEXT_INVLPG_ALL] = {op_flush_all, false},
    [MMUEXT_FLUSH_CACHE] = {op_flush_cache, false},
    [MMUEXT_SET_LDT] = {op_set_ldt, false},
    [MMUEXT_NEW_USER_BASEPTR] = {op_new_user_baseptr, false},
    [MMUEXT_CLEAR_PAGE] = {op_clear_page, true},
    [MMUEXT_COPY_PAGE] = {op_copy_page, true},
    [MMUEXT_FLUSH_CACHE_GLOBAL] = {op_flush_cache, false},
    [MMUEXT_MARK_SUPER] = {op_superpage, true},
    [MMUEXT_UNMARK_SUPER] = {op_superpage, true},
};

static int mmuext_one(struct vcpu *v, struct domain *d, uint64_t at)
{
    struct mmuext_op op;
    int rc = pt_update_finish(v);

    if (unlikely(rc))
        return rc;
    if (guest_copy_in(&op, at, sizeof(op)))
        return -EFAULT;
    if (op.cmd >= ARRAY_SIZE(operations) || !operations[op.cmd].fn)
        return -ENOSYS;
    if (d != v->domain && !operations[op.cmd].foreign)
        return -EPERM;
    return operations[op.cmd].fn(v, d, &op);
}

int64_t hypercall_mmuext_op(uint64_t ops, uint64_t count_arg, uint64_t pdone, uint64_t foreigndom, uint64_t)
{
    unsigned int count = (uint32_t)count_arg, done_before = 0, done = 0;
    struct vcpu *v = current;
    int rc = 0;

    if (count & MMU_UPDATE_PREEMPTED) {
        count &= ~MMU_UPDATE_PREEMPTED;
        if (pdone && guest_copy_in(&done_before, pdone, sizeof(done_before)))
            return -EFAULT;
    }
    struct domain *d = pt_update_owner_get(v, (domid_t)foreigndom, &rc);
    if (!d)
        return rc;
    for (rc = 0; done < count; done++) {
        rc = done && continuation_wanted() ? -ERESTART : mmuext_one(v, d, ops + done * sizeof(struct mmuext_op));
        if (rc)
            break;
    }
    pt_update_owner_put(v, d);

    if (pdone) {
        done_before += done;
        if (guest_copy_out(pdone, &done_before, sizeof(done_before)) && !rc)
            rc = -EFAULT;
    }
    if (rc != -ERESTART)
        return rc;
    return continuation_make(__HYPERVISOR_mmuext_op, 4, ops + done * sizeof(struct mmuext_op),
                             (uint64_t)((count - done) | MMU_UPDATE_PREEMPTED), pdone, foreigndom);
}
