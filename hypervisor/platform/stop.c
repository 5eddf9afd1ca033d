/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stopping the other CPUs. The IPI is enough for all that have interrupts on; one that spins with interrupts off gets
 * an NMI. No lock is taken: whoever holds one may be stopped.
 */
#include "platform/stop.h"
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "platform/lapic.h"

#define PATIENCE 2000000

static int stopper;       /* 0, or CPU + 1 of who stops the others; atomic */
static cpumask_t stopped; /* atomic */

static __noreturn_ void stand_still(const struct cpu_regs *regs)
{
    (void)regs; /* in reach of a debugger */
    __atomic_fetch_or(&stopped, CPUMASK(cpu_id()), __ATOMIC_SEQ_CST);
    cpu_halt();
}

static bool others_stopped(cpumask_t others)
{
    for (unsigned int i = 0; i < PATIENCE; i++) {
        if ((__atomic_load_n(&stopped, __ATOMIC_SEQ_CST) & others) == others)
            return true;
        cpu_pause();
    }
    return false;
}

void stop_others(void)
{
    cpumask_t others = cpu_online & ~CPUMASK(cpu_id());
    if (!others)
        return;
    /* Two CPUs that stop each other: the second one obeys. One CPU may come here again (panic, then reset). */
    int self = (int)cpu_id() + 1, first = 0;
    if (!__atomic_compare_exchange_n(&stopper, &first, self, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
        first != self)
        stand_still(NULL);
    lapic_send_ipi(others, VECTOR_IPI_STOP);
    if (others_stopped(others))
        return;
    lapic_send_ipi(others & ~__atomic_load_n(&stopped, __ATOMIC_SEQ_CST), VECTOR_NMI);
    others_stopped(others);
}

void stop_ipi_handler(const struct cpu_regs *regs)
{
    stand_still(regs);
}

void stop_check_nmi(const struct cpu_regs *regs)
{
    int first = __atomic_load_n(&stopper, __ATOMIC_SEQ_CST);
    if (first && first != (int)cpu_id() + 1)
        stand_still(regs);
}
