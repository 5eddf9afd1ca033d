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

_Static_assert(
    offsetof(struct gnttab_unmap_and_replace, new_addr) == offsetof(struct gnttab_unmap_grant_ref, dev_bus_addr) &&
        offsetof(struct gnttab_unmap_and_replace, handle) == offsetof(struct gnttab_unmap_grant_ref, handle) &&
        offsetof(struct gnttab_unmap_and_replace, status) == offsetof(struct gnttab_unmap_grant_ref, status) &&
        sizeof(struct gnttab_unmap_and_replace) == sizeof(struct gnttab_unmap_grant_ref),
    "one structure does for both");

/* Unmaps a batch from the first element on: how many, or -Exxx. */
static int64_t unmap(struct vcpu *v, uint64_t array, uint64_t count, bool replace)
{
    struct grant_mapping batch[UNMAP_BATCH];
    struct gnttab_unmap_grant_ref op;
    unsigned int done = 0;
    int r = 0;
    while (!r && done < MIN(count, (uint64_t)UNMAP_BATCH)) {
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
    tlb_flush_mask(v->domain->dirty_cpus, TLB_ALL);
    for (unsigned int i = 0; i < done; i++)
        grant_unmap_finish(&batch[i]);
    return r ? r : (int64_t)done;
}

/* ---- one element of an array: a copy of it is changed and goes back; 0 or -Exxx for the whole hypercall ---- */

static int one_map(struct vcpu *v, void *copy)
{
    grant_map(v, copy);
    return 0;
}

static int one_swap(struct vcpu *v, void *copy)
{
    grant_swap(v->domain, copy);
    return 0;
}

static int one_query_size(struct vcpu *v, void *copy)
{
    grant_query_size(v->domain, copy);
    return 0;
}

static int one_setup(struct vcpu *v, void *copy)
{
    struct gnttab_setup_table *op = copy;
    uint64_t *frames = op->nr_frames <= SETUP_FRAMES_MAX ? heap_alloc(op->nr_frames * sizeof(*frames) + 1) : NULL;
    if (frames)
        grant_setup(v->domain, op, frames);
    else
        op->status = GNTST_general_error;
    if (op->status == GNTST_okay &&
        guest_copy_out(guest_handle_va(op->frame_list), frames, op->nr_frames * sizeof(*frames)))
        op->status = GNTST_bad_virt_addr;
    heap_free(frames);
    return 0;
}

/* Version 1 is what there is; asking for it is granted, whatever is asked for the answer says what is in force. */
static int one_set_version(struct vcpu *, void *copy)
{
    struct gnttab_set_version *op = copy;
    int r = op->version == 1 ? 0 : op->version == 2 ? -ENOSYS : -EINVAL;
    op->version = 1;
    return r;
}

static int one_get_version(struct vcpu *v, void *copy)
{
    struct gnttab_get_version *op = copy;
    struct domain *d;
    int r = domain_get_operand(v->domain, op->dom, &d);
    if (r)
        return r;
    domain_put(d);
    op->version = 1;
    return 0;
}

enum grant_op_count {
    ANY,
    ONLY_ONE, /* what it returns is a list by itself: -EINVAL for more */
    IGNORED,  /* always one */
};

/* What is not here (transfer, dump, status frames of version 2, cache flush) answers -ENOSYS. */
static const struct grant_op {
    int (*one)(struct vcpu *v, void *copy); /* NULL: do_together() does it */
    uint8_t size;
    uint8_t count; /* enum grant_op_count */
} grant_ops[] = {
    [GNTTABOP_map_grant_ref] = {one_map, sizeof(struct gnttab_map_grant_ref), ANY},
    [GNTTABOP_unmap_grant_ref] = {NULL, sizeof(struct gnttab_unmap_grant_ref), ANY},
    [GNTTABOP_setup_table] = {one_setup, sizeof(struct gnttab_setup_table), ONLY_ONE},
    [GNTTABOP_copy] = {NULL, sizeof(struct gnttab_copy), ANY},
    [GNTTABOP_query_size] = {one_query_size, sizeof(struct gnttab_query_size), ONLY_ONE},
    [GNTTABOP_unmap_and_replace] = {NULL, sizeof(struct gnttab_unmap_and_replace), ANY},
    [GNTTABOP_set_version] = {one_set_version, sizeof(struct gnttab_set_version), IGNORED},
    [GNTTABOP_get_version] = {one_get_version, sizeof(struct gnttab_get_version), IGNORED},
    [GNTTABOP_swap_grant_ref] = {one_swap, sizeof(struct gnttab_swap_grant_ref), ANY},
};

/* Elements from the first on, at least one, until something waits. How many, or -Exxx. */
static int64_t do_each(struct vcpu *v, const struct grant_op *op, uint64_t array, uint64_t count)
{
    uint64_t copy[(UINT8_MAX + 1) / sizeof(uint64_t)], done = 0;
    do {
        uint64_t at = array + done * op->size;
        if (guest_copy_in(copy, at, op->size))
            return -EFAULT;
        int r = op->one(v, copy);
        if (guest_copy_out(at, copy, op->size))
            return -EFAULT;
        if (r)
            return r;
    } while (++done < count && !continuation_wanted());
    return (int64_t)done;
}

/* Copies from the first element on: how many, or -Exxx. Most name the same domain. */
static int64_t copy_each(struct vcpu *v, uint64_t array, uint64_t count)
{
    struct domain *last[2] = {NULL, NULL};
    struct gnttab_copy op;
    int64_t done = 0;
    do {
        if (guest_copy_in_item(&op, array, done)) {
            done = -EFAULT;
            break;
        }
        grant_copy(v, &op, last);
        if (guest_copy_out_item(array, done, &op)) {
            done = -EFAULT;
            break;
        }
    } while (++done < (int64_t)count && !continuation_wanted());
    for (unsigned int i = 0; i < ARRAY_SIZE(last); i++)
        if (last[i])
            domain_put(last[i]);
    return done;
}

/* Those that are not done one by one. */
static int64_t do_together(struct vcpu *v, uint64_t cmd, uint64_t array, uint64_t count)
{
    return cmd == GNTTABOP_copy ? copy_each(v, array, count)
                                : unmap(v, array, count, cmd == GNTTABOP_unmap_and_replace);
}

int64_t hypercall_grant_table_op(uint64_t cmd, uint64_t array, uint64_t count, uint64_t, uint64_t)
{
    cmd = (uint32_t)cmd;
    count = (uint32_t)count;
    if ((int32_t)count < 0)
        return -EINVAL;
    if (cmd >= ARRAY_SIZE(grant_ops) || !grant_ops[cmd].size)
        return -ENOSYS;
    const struct grant_op *op = &grant_ops[cmd];
    /* The whole array must lie in the guest's part, else nothing is done. */
    if (!guest_address_ok(array) || !guest_address_ok(array + count * op->size))
        return -EFAULT;
    if (op->count == IGNORED)
        count = 1;
    if (op->count == ONLY_ONE && count > 1)
        return -EINVAL;
    while (count > 0) {
        int64_t done = op->one ? do_each(current, op, array, count) : do_together(current, cmd, array, count);
        if (done < 0)
            return done;
        array += (uint64_t)done * op->size;
        count -= (uint64_t)done;
        if (count && continuation_wanted())
            return continuation_make(__HYPERVISOR_grant_table_op, 3, cmd, array, count);
    }
    return 0;
}
