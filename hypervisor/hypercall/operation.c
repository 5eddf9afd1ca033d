/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypercall/operation.h"
#include "lib/errno.h"
#include "mm/guest_copy.h"

int64_t operation_do(const struct operation *table, size_t count, uint64_t number, struct vcpu *v, uint64_t arg)
{
    uint64_t copy[(UINT8_MAX + 1) / sizeof(uint64_t)]; /* any size that an entry can have */

    if (number >= count || !table[number].fn)
        return -ENOSYS;
    const struct operation *op = &table[number];
    if (op->size && guest_copy_in(copy, arg, op->size))
        return -EFAULT;
    if ((op->flags & OPERATION_PRIVILEGED) && !current->domain->privileged)
        return -EPERM;
    int64_t r = op->fn(v, copy, arg);
    if (r == 0 && (op->flags & OPERATION_OUT) && guest_copy_out(arg, copy, op->size))
        return -EFAULT;
    return r;
}
