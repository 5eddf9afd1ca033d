/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_grant_table_op: arrays of operations, each with its own status. An array stops between elements when
 * something waits, and goes on from there. Unmapped frames go back to their owners only after one TLB flush for each
 * batch, so that no CPU can still reach them.
 */
#include "domain/vcpu.h"
#include "grant/map.h"
#include "grant/table.h"
#include "hypercall/continuation.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"
#include "mm/heap.h"
#include "mm/tlb.h"

#define UNMAP_BATCH      32
#define SETUP_FRAMES_MAX 4096 /* far above what any domain's limit is */

/* Each works on a[done..count), and returns how many it did (at least one), or -Exxx. */
typedef int (*grant_op_fn)(struct vcpu *v, uint64_t array, unsigned int count);

static int op_map(struct vcpu *v, uint64_t array, unsigned int count)
{
    struct gnttab_map_grant_ref op;
    unsigned int done = 0;
    do {
        if (guest_copy_in_item(&op, array, done))
            return -EFAULT;
        grant_map(v, &op);
        if (guest_copy_out_item(array, done, &op))
            return -EFAULT;
    } while (++done < count && !continuation_wanted());
    return (int)done;
}

static void unmap_batch_finish(struct vcpu *v, struct grant_unmapped *batch, unsigned int n)
{
    tlb_flush_mask(v->domain->dirty_cpus, TLB_ALL);
    for (unsigned int i = 0; i < n; i++)
        grant_unmap_finish(&batch[i]);
}

_Static_assert(
    offsetof(struct gnttab_unmap_and_replace, new_addr) == offsetof(struct gnttab_unmap_grant_ref, dev_bus_addr) &&
        offsetof(struct gnttab_unmap_and_replace, handle) == offsetof(struct gnttab_unmap_grant_ref, handle) &&
        offsetof(struct gnttab_unmap_and_replace, status) == offsetof(struct gnttab_unmap_grant_ref, status) &&
        sizeof(struct gnttab_unmap_and_replace) == sizeof(struct gnttab_unmap_grant_ref),
    "one structure does for both");

static int unmap(struct vcpu *v, uint64_t array, unsigned int count, bool replace)
{
    struct grant_unmapped batch[UNMAP_BATCH];
    struct gnttab_unmap_grant_ref op;
    unsigned int done = 0;
    int r = 0;
    while (!r && done < MIN(count, UNMAP_BATCH)) {
        if (guest_copy_in_item(&op, array, done)) {
            r = -EFAULT;
            break;
        }
        uint64_t new_addr = replace ? op.dev_bus_addr : 0;
        if (replace)
            op.dev_bus_addr = 0;
        grant_unmap_begin(v, &op, new_addr, &batch[done]);
        if (replace)
            op.dev_bus_addr = new_addr;
        if (guest_copy_out_item(array, done, &op))
            r = -EFAULT;
        done++;
    }
    unmap_batch_finish(v, batch, done);
    return r ? r : (int)done;
}

static int op_unmap(struct vcpu *v, uint64_t array, unsigned int count)
{
    return unmap(v, array, count, false);
}

static int op_unmap_and_replace(struct vcpu *v, uint64_t array, unsigned int count)
{
    return unmap(v, array, count, true);
}

static int op_copy(struct vcpu *v, uint64_t array, unsigned int count)
{
    struct gnttab_copy op;
    unsigned int done = 0;
    do {
        if (guest_copy_in_item(&op, array, done))
            return -EFAULT;
        grant_copy(v, &op);
        if (guest_copy_out_item(array, done, &op))
            return -EFAULT;
    } while (++done < count && !continuation_wanted());
    return (int)done;
}

/* One element only: what it returns is a list by itself. */
static int op_setup(struct vcpu *v, uint64_t array, unsigned int count)
{
    struct gnttab_setup_table op;
    if (count != 1)
        return -EINVAL;
    if (guest_copy_in(&op, array, sizeof(op)))
        return -EFAULT;
    uint64_t *frames = op.nr_frames <= SETUP_FRAMES_MAX ? heap_alloc(op.nr_frames * sizeof(*frames) + 1) : NULL;
    if (frames)
        grant_setup(v->domain, &op, frames);
    else
        op.status = GNTST_general_error;
    int r = 1;
    if (op.status == GNTST_okay &&
        guest_copy_out(guest_handle_va(op.frame_list), frames, op.nr_frames * sizeof(*frames)))
        op.status = GNTST_bad_virt_addr;
    heap_free(frames);
    if (guest_copy_out(array, &op, sizeof(op)))
        r = -EFAULT;
    return r;
}

static int op_query_size(struct vcpu *v, uint64_t array, unsigned int count)
{
    struct gnttab_query_size op;
    if (count != 1)
        return -EINVAL;
    if (guest_copy_in(&op, array, sizeof(op)))
        return -EFAULT;
    grant_query_size(v->domain, &op);
    return guest_copy_out(array, &op, sizeof(op)) ? -EFAULT : 1;
}

/* Version 1 is what there is; asking for it is granted, whatever is asked for the answer says what is in force. */
static int op_set_version(struct vcpu *v, uint64_t array, unsigned int count)
{
    struct gnttab_set_version op;
    (void)v, (void)count;
    if (guest_copy_in(&op, array, sizeof(op)))
        return -EFAULT;
    int r = op.version == 1 ? 1 : op.version == 2 ? -ENOSYS : -EINVAL;
    op.version = 1;
    if (guest_copy_out(array, &op, sizeof(op)))
        return -EFAULT;
    return r;
}

static int op_get_version(struct vcpu *v, uint64_t array, unsigned int count)
{
    struct gnttab_get_version op;
    struct domain *d;
    (void)count;
    if (guest_copy_in(&op, array, sizeof(op)))
        return -EFAULT;
    int r = grant_operand_domain(v->domain, op.dom, &d);
    if (r != GNTST_okay)
        return r == GNTST_bad_domain ? -ESRCH : -EPERM;
    domain_put(d);
    op.version = 1;
    return guest_copy_out(array, &op, sizeof(op)) ? -EFAULT : 1;
}

static int op_swap(struct vcpu *v, uint64_t array, unsigned int count)
{
    struct gnttab_swap_grant_ref op;
    unsigned int done = 0;
    do {
        if (guest_copy_in_item(&op, array, done))
            return -EFAULT;
        grant_swap(v->domain, &op);
        if (guest_copy_out_item(array, done, &op))
            return -EFAULT;
    } while (++done < count && !continuation_wanted());
    return (int)done;
}

/* What is not here (transfer, dump, status frames of version 2, cache flush) answers -ENOSYS. */
static const struct grant_op {
    grant_op_fn fn;
    uint8_t size;
} grant_ops[] = {
    [GNTTABOP_map_grant_ref] = {op_map, sizeof(struct gnttab_map_grant_ref)},
    [GNTTABOP_unmap_grant_ref] = {op_unmap, sizeof(struct gnttab_unmap_grant_ref)},
    [GNTTABOP_setup_table] = {op_setup, sizeof(struct gnttab_setup_table)},
    [GNTTABOP_copy] = {op_copy, sizeof(struct gnttab_copy)},
    [GNTTABOP_query_size] = {op_query_size, sizeof(struct gnttab_query_size)},
    [GNTTABOP_unmap_and_replace] = {op_unmap_and_replace, sizeof(struct gnttab_unmap_and_replace)},
    [GNTTABOP_set_version] = {op_set_version, sizeof(struct gnttab_set_version)},
    [GNTTABOP_get_version] = {op_get_version, sizeof(struct gnttab_get_version)},
    [GNTTABOP_swap_grant_ref] = {op_swap, sizeof(struct gnttab_swap_grant_ref)},
};

int64_t hypercall_grant_table_op(uint64_t cmd, uint64_t array, uint64_t count, uint64_t, uint64_t)
{
    cmd = (uint32_t)cmd;
    count = (uint32_t)count;
    if ((int32_t)count < 0)
        return -EINVAL;
    if (cmd >= ARRAY_SIZE(grant_ops) || !grant_ops[cmd].fn)
        return -ENOSYS;
    /* The whole array must lie in the guest's part, else nothing is done. */
    if (!guest_address_ok(array) || !guest_address_ok(array + count * grant_ops[cmd].size))
        return -EFAULT;
    bool single = cmd == GNTTABOP_set_version || cmd == GNTTABOP_get_version; /* count is not looked at */
    while (count > 0 || single) {
        int done = grant_ops[cmd].fn(current, array, (unsigned int)count);
        if (done < 0)
            return done;
        if (single)
            return 0;
        array += (uint64_t)done * grant_ops[cmd].size;
        count -= (unsigned int)done;
        if (count && continuation_wanted())
            return continuation_make(__HYPERVISOR_grant_table_op, 3, cmd, array, count);
    }
    return 0;
}
