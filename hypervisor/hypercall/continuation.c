/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Continuations: see continuation.h. Outside a multicall the registers become those of the call that goes on, and rip
 * goes back to SYSCALL; the value returned is the number, which the dispatcher stores in rax as it does with every
 * result. Inside one, multicall.c finds hypercall_preempted set and writes the arguments into the guest's entry.
 */
#include "hypercall/continuation.h"
#include "domain/vcpu.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include <stdarg.h>

#define SYSCALL_LENGTH 2 /* 0f 05 */

bool continuation_wanted(void)
{
    const struct vcpu *v = current;

    return READ_ONCE(cpu_this()->softirqs) ||
           (READ_ONCE(v->info->evtchn_upcall_pending) && !READ_ONCE(v->info->evtchn_upcall_mask));
}

static void continuation_in_registers(unsigned int count, const uint64_t *arg)
{
    struct cpu_regs *r = guest_regs();
    uint64_t *const place[6] = {&r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9};

    for (unsigned int i = 0; i < count; i++)
        *place[i] = arg[i];
    r->rip -= SYSCALL_LENGTH;
}

int64_t continuation_make(unsigned int nr, unsigned int count, ...)
{
    struct vcpu *v = current;
    uint64_t arg[6];
    va_list ap;

    ASSERT(count <= ARRAY_SIZE(arg));
    va_start(ap, count);
    for (unsigned int i = 0; i < count; i++)
        arg[i] = va_arg(ap, uint64_t);
    va_end(ap);

    if (v->in_multicall) {
        for (unsigned int i = 0; i < count; i++)
            v->multicall_args[i] = arg[i];
        v->multicall_nr = nr;
        v->multicall_count = count;
        v->hypercall_preempted = true;
    } else {
        continuation_in_registers(count, arg);
    }
    return nr;
}
