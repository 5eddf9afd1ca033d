/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_memory_op: a table of sub-operations.
 *
 * The three that walk a list of extents (increase, decrease, populate) answer with the number of extents done, whatever
 * went wrong; the caller sees from it where they stopped. Preempted, they go on at the extent in the upper bits of the
 * command word. All others take no such bits.
 *
 * A domain may name itself; a privileged one any other (memory_op_target).
 */
#include "domain/vcpu.h"
#include "event/channel.h"
#include "grant/table.h"
#include "hypercall/continuation.h"
#include "hypercall/memory_ops.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "lifecycle/reservation.h"
#include "mm/buddy.h"
#include "mm/guest_copy.h"
#include "mm/m2p.h"
#include <xen/memory.h>

#define EXTENT_SHIFT 6 /* MEMOP_EXTENT_SHIFT: the sub-operation has the bits below */
#define OP_COUNT     (1u << EXTENT_SHIFT)

#define ORDER_MAX            9 /* of one extent: 2 MiB */
#define ORDER_MAX_PRIVILEGED 12

struct domain *memory_op_target(domid_t id, int64_t *error)
{
    struct domain *d;

    *error = domain_get_operand(current->domain, id, &d);
    return *error ? NULL : d;
}

/* --- lists of extents --- */

struct extents {
    struct domain *d;
    uint64_t list; /* guest address, or 0 */
    uint64_t count, done;
    unsigned int order, addr_bits;
};

/* One extent: true, or stop here. */
typedef bool (*extent_fn)(struct extents *x, uint64_t i);

static bool order_allowed(const struct extents *x)
{
    return x->order <= (current->domain->privileged ? ORDER_MAX_PRIVILEGED : ORDER_MAX);
}

static bool increase_extent(struct extents *x, uint64_t i)
{
    struct frame *f = reservation_alloc(x->d, x->order, x->addr_bits);

    if (!f)
        return false;
    uint64_t mfn = frame_mfn(f).n;
    return !x->list || !guest_copy_out_item(x->list, i, &mfn);
}

static bool populate_extent(struct extents *x, uint64_t i)
{
    uint64_t pfn;

    if (guest_copy_in_item(&pfn, x->list, i))
        return false;
    struct frame *f = reservation_alloc(x->d, x->order, x->addr_bits);
    if (!f)
        return false;

    uint64_t mfn = frame_mfn(f).n;
    for (uint64_t j = 0; j < 1ULL << x->order; j++)
        m2p_set(MFN(mfn + j), pfn + j);
    return !guest_copy_out_item(x->list, i, &mfn);
}

static bool decrease_extent(struct extents *x, uint64_t i)
{
    uint64_t mfn;

    if (guest_copy_in_item(&mfn, x->list, i))
        return false;
    for (uint64_t j = 0; j < 1ULL << x->order; j++) {
        if (reservation_give_up(x->d, MFN(mfn + j))) {
            log_guest("memory: frame 0x%lx is not d%u's to give up", mfn + j, x->d->id);
            return false;
        }
    }
    return true;
}

/* True: preempted before the end. */
static bool extents_run(struct extents *x, extent_fn fn)
{
    for (uint64_t start = x->done; x->done < x->count; x->done++) {
        if (x->done != start && continuation_wanted())
            return true;
        if (!fn(x, x->done))
            return false;
    }
    return false;
}

static int64_t reservation_op(unsigned int op, uint64_t start, uint64_t arg, extent_fn fn)
{
    struct xen_memory_reservation r;
    int64_t error;

    if (guest_copy_in(&r, arg, sizeof(r)))
        return (int64_t)start;
    /* What is done must fit into the command word of a continuation. */
    if (r.nr_extents > ~0u >> EXTENT_SHIFT || start >= r.nr_extents)
        return (int64_t)start;

    struct extents x = {
        .list = guest_handle_va(r.extent_start),
        .count = r.nr_extents,
        .done = start,
        .order = r.extent_order,
        .addr_bits = XENMEMF_get_address_bits(r.mem_flags),
    };
    if (!order_allowed(&x) || (r.mem_flags & XENMEMF_populate_on_demand) || (x.addr_bits && x.addr_bits <= PAGE_SHIFT))
        return (int64_t)start;
    x.d = memory_op_target(r.domid, &error);
    if (!x.d)
        return (int64_t)start;

    bool preempted = extents_run(&x, fn);
    if (x.d == current->domain && x.done > start)
        event_send_memory();
    domain_put(x.d);
    if (preempted)
        return continuation_make(__HYPERVISOR_memory_op, 2, op | x.done << EXTENT_SHIFT, arg);
    return (int64_t)x.done;
}

static int64_t op_increase(uint64_t start, uint64_t arg)
{
    return reservation_op(XENMEM_increase_reservation, start, arg, increase_extent);
}

static int64_t op_decrease(uint64_t start, uint64_t arg)
{
    return reservation_op(XENMEM_decrease_reservation, start, arg, decrease_extent);
}

static int64_t op_populate(uint64_t start, uint64_t arg)
{
    return reservation_op(XENMEM_populate_physmap, start, arg, populate_extent);
}

/* --- claims --- */

static int64_t op_claim_pages(uint64_t start, uint64_t arg)
{
    struct xen_memory_reservation r;

    (void)start;
    if (guest_copy_in(&r, arg, sizeof(r)))
        return -EFAULT;
    if (guest_handle_va(r.extent_start) || r.extent_order || r.mem_flags)
        return -EINVAL;
    if (!current->domain->privileged)
        return -EPERM;
    struct domain *d = domain_get_by_id(r.domid);
    if (!d)
        return -EINVAL;
    int64_t error = reservation_claim(d, r.nr_extents);
    domain_put(d);
    return error;
}

/* --- questions about a domain --- */

static int64_t domain_question(uint64_t arg, int64_t (*answer)(const struct domain *d))
{
    struct xen_memory_domain q;
    int64_t result;

    if (guest_copy_in(&q, arg, sizeof(q)))
        return -EFAULT;
    struct domain *d = memory_op_target(q.domid, &result);
    if (!d)
        return result;
    result = answer(d);
    domain_put(d);
    return result;
}

static int64_t answer_current(const struct domain *d)
{
    return (int64_t)d->tot_pages;
}

/* "No limit" is what fits into the 32 bits that the ABI's counts of pages once had. */
static int64_t answer_maximum(const struct domain *d)
{
    return (int64_t)MIN(d->maximum_reservation, (uint64_t)~0u);
}

/* A PV guest says itself how many frames it numbers; nothing here depends on it. */
static int64_t answer_maximum_gpfn(const struct domain *d)
{
    uint64_t count = d->shared_info ? READ_ONCE(d->shared_info->arch.max_pfn) : 0;
    return count ? (int64_t)(count - 1) : 0;
}

static int64_t op_current_reservation(uint64_t start, uint64_t arg)
{
    (void)start;
    return domain_question(arg, answer_current);
}

static int64_t op_maximum_reservation(uint64_t start, uint64_t arg)
{
    (void)start;
    return domain_question(arg, answer_maximum);
}

static int64_t op_maximum_gpfn(uint64_t start, uint64_t arg)
{
    (void)start;
    return domain_question(arg, answer_maximum_gpfn);
}

static int64_t answer_nothing(uint64_t start, uint64_t arg)
{
    (void)start;
    (void)arg;
    return 0;
}

/* --- resources: frames of another domain that are no memory of its own --- */

static unsigned int grant_frames_max(struct domain *d)
{
    struct gnttab_query_size q = {.dom = DOMID_SELF};

    grant_query_size(d, &q);
    return q.status == GNTST_okay ? q.max_nr_frames : 0;
}

static int64_t acquire_grant_frames(struct domain *d, struct xen_mem_acquire_resource *r, uint64_t start)
{
    uint64_t list = guest_handle_va(r->frame_list);

    if (r->id != XENMEM_resource_grant_table_id_shared)
        return -EINVAL; /* version 2's status frames do not exist */
    if (r->frame + r->nr_frames < r->frame || r->frame + r->nr_frames > ~0u)
        return -EINVAL;
    for (uint64_t i = start; i < r->nr_frames; i++) {
        mfn_t mfn;
        int error = grant_table_frame(d, (unsigned int)(r->frame + i), &mfn);

        if (error)
            return error;
        if (guest_copy_out_item(list, i, &mfn.n))
            return -EFAULT;
        if (i + 1 < r->nr_frames && continuation_wanted())
            return (int64_t)(i + 1);
    }
    return 0;
}

static int64_t acquire(struct domain *d, uint64_t start, uint64_t arg, struct xen_mem_acquire_resource *r)
{
    if (!current->domain->privileged)
        return -EPERM;
    if (r->type != XENMEM_resource_grant_table)
        return -EOPNOTSUPP;
    if (!r->nr_frames && !guest_handle_va(r->frame_list)) {
        r->nr_frames = grant_frames_max(d);
        return guest_copy_out(arg, r, sizeof(*r));
    }
    int64_t result = acquire_grant_frames(d, r, start);
    if (result > 0)
        return continuation_make(__HYPERVISOR_memory_op, 2,
                                 (uint64_t)XENMEM_acquire_resource | (uint64_t)result << EXTENT_SHIFT, arg);
    return result;
}

static int64_t op_acquire_resource(uint64_t start, uint64_t arg)
{
    struct xen_mem_acquire_resource r;

    if (guest_copy_in(&r, arg, sizeof(r)))
        return -EFAULT;
    if (r.pad)
        return -EINVAL;
    struct domain *d = domain_get_by_id(r.domid);
    if (!d)
        return -ESRCH;
    int64_t result = d == current->domain ? -EPERM : acquire(d, start, arg, &r);
    domain_put(d);
    return result;
}

/* --- not for PV guests, or not there --- */

/* The structures of all these begin with the domain's id. */
static int64_t refuse_for_pv(uint64_t arg, int64_t answer)
{
    int64_t error;
    domid_t id;

    if (guest_copy_in(&id, arg, sizeof(id)))
        return -EFAULT;
    struct domain *d = memory_op_target(id, &error);
    if (!d)
        return error;
    domain_put(d);
    return answer;
}

/* A PV guest's physical map is its own business. */
static int64_t op_physmap(uint64_t start, uint64_t arg)
{
    (void)start;
    return refuse_for_pv(arg, -EACCES);
}

static int64_t op_vnuma_info(uint64_t start, uint64_t arg)
{
    (void)start;
    return refuse_for_pv(arg, -EOPNOTSUPP);
}

static int64_t op_pod_target(uint64_t start, uint64_t arg)
{
    struct xen_pod_target t;
    int64_t error;

    (void)start;
    if (guest_copy_in(&t, arg, sizeof(t)))
        return -EFAULT;
    struct domain *d = memory_op_target(t.domid, &error);
    if (!d)
        return error;
    domain_put(d);
    return -EINVAL;
}

static int64_t op_not_supported(uint64_t start, uint64_t arg)
{
    (void)start;
    (void)arg;
    return -EOPNOTSUPP;
}

/* No IOMMU: no memory that devices reach through fixed mappings. */
static int64_t op_reserved_device_memory_map(uint64_t start, uint64_t arg)
{
    struct xen_reserved_device_memory_map m;

    (void)start;
    if (guest_copy_in(&m, arg, sizeof(m)))
        return -EFAULT;
    if (m.flags & ~XENMEM_RDM_ALL)
        return -EINVAL;
    m.nr_entries = 0;
    return guest_copy_out(arg, &m, sizeof(m));
}

struct memory_op {
    int64_t (*fn)(uint64_t start, uint64_t arg);
    bool resumable; /* takes a start extent in the command word */
};

static const struct memory_op memory_ops[OP_COUNT] = {
    [XENMEM_increase_reservation] = {op_increase, true},
    [XENMEM_decrease_reservation] = {op_decrease, true},
    [XENMEM_maximum_ram_page] = {memory_op_maximum_ram_page, false},
    [XENMEM_current_reservation] = {op_current_reservation, false},
    [XENMEM_maximum_reservation] = {op_maximum_reservation, false},
    [XENMEM_machphys_mfn_list] = {memory_op_machphys_mfn_list, false},
    [XENMEM_populate_physmap] = {op_populate, true},
    [XENMEM_add_to_physmap] = {op_physmap, true},
    [XENMEM_memory_map] = {memory_op_memory_map, false},
    [XENMEM_machine_memory_map] = {memory_op_machine_memory_map, false},
    [XENMEM_exchange] = {memory_op_exchange, false},
    [XENMEM_machphys_mapping] = {memory_op_machphys_mapping, false},
    [XENMEM_set_memory_map] = {memory_op_set_memory_map, false},
    [XENMEM_maximum_gpfn] = {op_maximum_gpfn, false},
    [XENMEM_remove_from_physmap] = {op_physmap, false},
    [XENMEM_set_pod_target] = {op_pod_target, false},
    [XENMEM_get_pod_target] = {op_pod_target, false},
    [XENMEM_get_sharing_freed_pages] = {answer_nothing, false},
    [XENMEM_get_sharing_shared_pages] = {answer_nothing, false},
    [XENMEM_paging_op] = {op_not_supported, false},
    [XENMEM_access_op] = {op_not_supported, true},
    [XENMEM_sharing_op] = {op_not_supported, false},
    [XENMEM_add_to_physmap_batch] = {op_physmap, true},
    [XENMEM_claim_pages] = {op_claim_pages, false},
    [XENMEM_get_vnumainfo] = {op_vnuma_info, false},
    [XENMEM_reserved_device_memory_map] = {op_reserved_device_memory_map, false},
    [XENMEM_acquire_resource] = {op_acquire_resource, true},
};

int64_t hypercall_memory_op(uint64_t command, uint64_t arg, uint64_t a3, uint64_t a4, uint64_t a5)
{
    const struct memory_op *op = &memory_ops[command & (OP_COUNT - 1)];
    uint64_t start = command >> EXTENT_SHIFT;

    (void)a3;
    (void)a4;
    (void)a5;
    if (!op->fn)
        return -ENOSYS;
    if (start && !op->resumable)
        return -EINVAL;
    return op->fn(start, arg);
}
