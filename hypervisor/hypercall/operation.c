/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypercall/operation.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"

/* Out of line: its frame is not for operations without a structure. */
static __attribute__((noinline)) int64_t do_on_copy(const struct operation *op, struct vcpu *v, uint64_t arg)
{
    uint64_t copy[(UINT8_MAX + 1) / sizeof(uint64_t)]; /* any size that an entry can have */

    if (guest_copy_in(copy, arg, op->size))
        return -EFAULT;
    if ((op->flags & OPERATION_PRIVILEGED) && !current->domain->privileged)
        return -EPERM;
    int64_t r = op->fn(v, copy, arg);
    if (r == 0 && (op->flags & OPERATION_OUT) && guest_copy_out(arg, copy, op->size))
        return -EFAULT;
    return r;
}

int64_t operation_do(const struct operation *table, size_t count, uint64_t number, struct vcpu *v, uint64_t arg)
{
    if (number >= count || !table[number].fn)
        return -ENOSYS;
    return table[number].size ? do_on_copy(&table[number], v, arg) : table[number].fn(v, NULL, arg);
}
