/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces of PV vCPUs.
 *
 * A vCPU has two top-level tables: one for the guest kernel, one for guest user mode (both run in ring 3). Each holds a
 * type reference of L4. The one that is loaded is told by pv.kernel_mode. Only the vCPU itself changes its tables, or
 * somebody for it while it does not run.
 *
 * The machine-to-physical table shows in a table once it has been a kernel's. One that is the user's as well shows it
 * there too, unless the domain has the assist m2p_strict: then it goes when a table becomes the user's.
 *
 * GS bases: the CPU's GS base is that of the running mode; KERNEL_GS_BASE holds the other's, so that a change of modes
 * is one SWAPGS.
 */
#include "guest/pv/address_space.h"
#include "cpu/x86.h"
#include "guest/pv/page_type.h"
#include "guest/pv/pt_update.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/guest_copy.h"
#include "mm/hv_map.h"
#include "mm/tlb.h"

static inline bool table_set(mfn_t m)
{
    return m.n != 0 && m.n != MFN_INVALID.n;
}

/* The machine address of the top-level table in use. */
static paddr_t cr3_of(const struct vcpu *v)
{
    mfn_t top = v->pv.kernel_mode ? v->pv.kernel_table : v->pv.user_table;

    return table_set(top) ? top.n << PAGE_SHIFT : hv_top_table_phys();
}

void address_space_load(struct vcpu *v)
{
    tlb_load_cr3(cr3_of(v));
}

void address_space_toggle(struct vcpu *v)
{
    if (unlikely(v->pv.kernel_mode && !table_set(v->pv.user_table))) {
        domain_crash(v->domain, "goes to user mode without user page tables");
        return;
    }
    v->pv.kernel_mode = !v->pv.kernel_mode;
    swapgs();
    address_space_load(v);
}

/* An L4 reference on mfn. Without the lock if the table is in use already, as at every change of processes. */
static int top_get(struct vcpu *v, mfn_t mfn)
{
    struct domain *d = v->domain;

    if (likely(page_type_get_shared(d, mfn, TYPE_L4)))
        return 0;
    spin_lock(&d->page_table_lock);
    int rc = pt_update_type_get(v, d, mfn, TYPE_L4);
    spin_unlock(&d->page_table_lock);
    return rc;
}

/* The reference is gone afterwards; what remains to do is noted in v. */
static void top_put(struct vcpu *v, mfn_t mfn)
{
    struct domain *d = v->domain;

    if (!table_set(mfn) || likely(page_type_put_shared(frame_of(mfn))))
        return;
    spin_lock(&d->page_table_lock);
    pt_update_type_put(v, d, frame_of(mfn));
    spin_unlock(&d->page_table_lock);
}

/* The kernel's table shows the machine-to-physical table. The user's is never loaded when it changes: the kernel calls.
 */
static inline __attribute__((always_inline)) int replace_top(struct vcpu *v, mfn_t mfn, bool kernel)
{
    mfn_t *top = kernel ? &v->pv.kernel_table : &v->pv.user_table, old = *top;

    if (mfn_eq(old, mfn))
        return 0;
    if (table_set(mfn)) {
        int rc = top_get(v, mfn);
        if (unlikely(rc))
            return rc;
        if (kernel || unlikely(v->domain->vm_assist >> VMASST_TYPE_m2p_strict & 1))
            hv_map_m2p_slot(direct_map_mfn(mfn), kernel);
    }
    *top = mfn;
    if (kernel && v == current)
        address_space_load(v);
    top_put(v, old);
    return 0;
}

int address_space_set_kernel(struct vcpu *v, mfn_t mfn)
{
    int rc = table_set(mfn) ? pt_update_finish(v) : -EINVAL;

    if (unlikely(rc))
        return rc;
    if (v == current && mfn_eq(v->pv.kernel_table, mfn))
        address_space_load(v);
    return replace_top(v, mfn, true);
}

int address_space_set_user(struct vcpu *v, mfn_t mfn)
{
    int rc = pt_update_finish(v);

    if (unlikely(rc))
        return rc;
    return replace_top(v, table_set(mfn) ? mfn : MFN_INVALID, false);
}

int address_space_drop(struct vcpu *v)
{
    mfn_t *const tables[] = {&v->pv.kernel_table, &v->pv.user_table};
    int rc = pt_update_finish(v);

    for (unsigned int i = 0; i < ARRAY_SIZE(tables) && !rc; i++) {
        mfn_t old = *tables[i];
        *tables[i] = MFN_INVALID;
        top_put(v, old);
        rc = pt_update_finish(v);
    }
    return rc;
}

pte_t *address_space_walk(mfn_t top, uint64_t va, unsigned int level)
{
    mfn_t table = top;

    if (unlikely(!table_set(top)))
        return NULL;
    for (unsigned int l = 4;; l--) {
        pte_t *slot = (pte_t *)direct_map_mfn(table) + pte_index(va, l);
        if (l == level)
            return slot;
        pte_t e = pte_read(slot);
        if (unlikely(!(e & PTE_PRESENT)))
            return NULL;
        table = pte_mfn(e);
        if (unlikely(!frame_is_ram(table)))
            return NULL; /* only without the lock: the direct map has nothing there */
    }
}

/* Locked. */
static pte_t kernel_entry(const struct vcpu *v, uint64_t va)
{
    const pte_t *slot = guest_address_ok(va) ? address_space_walk(v->pv.kernel_table, va, 1) : NULL;

    return slot ? pte_read(slot) : 0;
}

pte_t address_space_entry(struct vcpu *v, uint64_t va)
{
    spin_lock(&v->domain->page_table_lock);
    pte_t e = kernel_entry(v, va);
    spin_unlock(&v->domain->page_table_lock);
    return e;
}

bool address_space_read_byte(struct vcpu *v, uint64_t va, uint8_t *value)
{
    spin_lock(&v->domain->page_table_lock);
    pte_t e = kernel_entry(v, va);
    bool mapped = (e & PTE_PRESENT) && frame_is_ram(pte_mfn(e));
    if (mapped)
        *value = ((const uint8_t *)direct_map_mfn(pte_mfn(e)))[va & ~PAGE_MASK];
    spin_unlock(&v->domain->page_table_lock);
    return mapped;
}

/*
 * Whether a vCPU runs is not asked: one that is just being switched in may have loaded its tables before it counts as
 * running. A CPU that has left the domain since has flushed, and is not among dirty_cpus, or is flushed in vain.
 */
int address_space_vcpu_cpus(struct domain *d, uint64_t guest_va, cpumask_t *cpus)
{
    uint64_t map;

    _Static_assert(DOMAIN_VCPUS_MAX <= 64, "one word names all vCPUs");
    if (guest_copy_in(&map, guest_va, sizeof(map)))
        return -EFAULT;
    cpumask_t dirty = address_space_cpus(d);
    *cpus = 0;
    for (; map; map &= map - 1) {
        unsigned int id = bits_lowest(map);
        if (id >= d->max_vcpus)
            break;
        const struct vcpu *v = __atomic_load_n(&d->vcpu[id], __ATOMIC_ACQUIRE);
        if (v)
            *cpus |= CPUMASK(__atomic_load_n(&v->processor, __ATOMIC_RELAXED));
    }
    *cpus &= dirty;
    return 0;
}
