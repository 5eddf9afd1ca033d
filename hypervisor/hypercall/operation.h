/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations of a hypercall whose argument is a structure in the guest's memory, in a table by number. The structure is
 * copied in, one function works on the copy, and the copy goes back if it has results. An operation whose argument is
 * something else says size 0, no flags, and finds the register's value in 'arg'.
 */
#ifndef HAVEN_HYPERCALL_OPERATION_H
#define HAVEN_HYPERCALL_OPERATION_H

#include "domain/vcpu.h"

struct operation {
    int64_t (*fn)(struct vcpu *v, void *copy, uint64_t arg);
    uint8_t size; /* of the structure */
    uint8_t flags;
};

#define OPERATION_OUT        1 /* the structure is copied back when fn returns 0 */
#define OPERATION_PRIVILEGED 2 /* -EPERM for all but control domains */

/* -ENOSYS for what is not in the table, -EFAULT for what cannot be copied, else what the function returns. */
int64_t operation_do(const struct operation *table, size_t count, uint64_t number, struct vcpu *v, uint64_t arg);

#endif
