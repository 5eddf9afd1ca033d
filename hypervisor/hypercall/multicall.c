/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multicalls: a guest's list of hypercalls in one trip. Entries are copied in one by one, right before each is carried
 * out, because one may change the next ones' memory. Results go back at once, so the list tells how far it got.
 *
 * Between two entries the multicall lets waiting work go first: it continues with the rest of the list. An entry that
 * itself wants to be continued has its place in the list rewritten (number, arguments) and is the first of the rest.
 * Multicalls do not nest.
 */
#include "domain/vcpu.h"
#include "hypercall/continuation.h"
#include "hypercall/table.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"

_Static_assert(sizeof(struct multicall_entry) == 64, "public ABI: xen/xen.h");
_Static_assert(sizeof(xen_ulong_t) == 8, "entries are made of 64-bit words");

#define RESULT_OFFSET offsetof(struct multicall_entry, result)

enum entry_outcome { ENTRY_DONE, ENTRY_AGAIN, ENTRY_LEFT_KERNEL, ENTRY_FAULT };

static enum entry_outcome entry_continue_later(struct vcpu *v, struct multicall_entry *e, uint64_t va)
{
    v->hypercall_preempted = false;
    e->op = v->multicall_nr;
    for (unsigned int i = 0; i < v->multicall_count; i++)
        e->args[i] = v->multicall_args[i];
    return guest_copy_out(va, e, sizeof(*e)) ? ENTRY_FAULT : ENTRY_AGAIN;
}

static enum entry_outcome entry_run(struct vcpu *v, uint64_t va)
{
    struct multicall_entry e;
    hypercall_fn fn;
    uint64_t result;

    if (unlikely(guest_copy_in(&e, va, sizeof(e))))
        return ENTRY_FAULT;
    fn = likely(e.op < HYPERCALL_COUNT) ? hypercall_table[e.op] : NULL;
    if (unlikely(!fn)) {
        result = (uint64_t)-ENOSYS;
    } else {
        result = (uint64_t)fn(e.args[0], e.args[1], e.args[2], e.args[3], e.args[4]);
        if (unlikely(v->hypercall_preempted))
            return entry_continue_later(v, &e, va);
    }
    if (unlikely(e.op == __HYPERVISOR_iret)) {
        /* The registers are those of the new context; nothing may be added to them. */
        v->multicall_args[0] = result;
        return ENTRY_LEFT_KERNEL;
    }
    return likely(!guest_copy_out(va + RESULT_OFFSET, &result, sizeof(result))) ? ENTRY_DONE : ENTRY_FAULT;
}

int64_t hypercall_multicall(uint64_t list, uint64_t count, uint64_t, uint64_t, uint64_t)
{
    struct vcpu *v = current;
    enum entry_outcome outcome = ENTRY_DONE;
    uint64_t i;

    if (v->in_multicall)
        return -EINVAL;

    v->in_multicall = true;
    for (i = 0; i < count; i++) {
        if (i && continuation_wanted())
            break;
        outcome = entry_run(v, list + i * sizeof(struct multicall_entry));
        if (unlikely(outcome != ENTRY_DONE))
            break;
    }
    v->in_multicall = false;
    if (outcome == ENTRY_FAULT)
        return -EFAULT;
    if (outcome == ENTRY_LEFT_KERNEL)
        return (int64_t)v->multicall_args[0];
    if (i == count)
        return 0;
    return continuation_make(__HYPERVISOR_multicall, 2, list + i * sizeof(struct multicall_entry), count - i);
}
