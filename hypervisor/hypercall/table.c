/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypercall dispatch. */
#include "hypercall/table.h"
#include "lib/compiler.h"
#include "lib/errno.h"

#define HYPERCALL_ENTRY(number, name) [number] = hypercall_##name,
const hypercall_fn hypercall_table[HYPERCALL_COUNT] = {HYPERCALLS(HYPERCALL_ENTRY)};

/* Performance counters of the CPU are not offered; kernels ask and take this for an answer. */
int64_t hypercall_xenpmu_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t)
{
    return -EOPNOTSUPP;
}

void hypercall_dispatch(struct cpu_regs *regs)
{
    uint64_t nr = regs->rax;
    hypercall_fn fn = likely(nr < HYPERCALL_COUNT) ? hypercall_table[nr] : NULL;

    if (unlikely(!fn)) {
        regs->rax = (uint64_t)-ENOSYS;
        return;
    }
    /* A continuation has moved rip back and returns the number, a hypercall_iret the new rax. */
    regs->rax = (uint64_t)fn(regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8);
}
