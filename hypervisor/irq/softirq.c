/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work for the way out. A bit is raised by any CPU, taken only by its own. A CPU is told by an IPI only when its bit
 * was not up: else somebody has told it, or it is on its way out and will look. It looks with interrupts off as the
 * last thing, so a bit that comes later comes with an IPI that ends the guest's run at once.
 */
#include "irq/softirq.h"
#include "cpu/x86.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "platform/lapic.h"

static void (*handlers[SOFTIRQ_COUNT])(void);

void __init softirq_register(enum softirq nr, void (*handler)(void))
{
    handlers[nr] = handler;
}

void softirq_raise(enum softirq nr)
{
    __atomic_fetch_or(&cpu_this()->softirqs, 1ULL << nr, __ATOMIC_SEQ_CST);
}

void softirq_raise_on(unsigned int cpu, enum softirq nr)
{
    uint64_t bit = 1ULL << nr;
    if (__atomic_fetch_or(&cpu_local_of(cpu)->softirqs, bit, __ATOMIC_SEQ_CST) & bit)
        return;
    if (cpu != cpu_id())
        lapic_send_ipi(CPUMASK(cpu), VECTOR_IPI_EVENT);
}

void softirq_run(void)
{
    uint64_t flags = irq_save();
    uint64_t pending;
    while ((pending = __atomic_exchange_n(&cpu_this()->softirqs, 0, __ATOMIC_SEQ_CST))) {
        irq_enable();
        for (; pending; pending &= pending - 1) {
            unsigned int nr = (unsigned int)__builtin_ctzll(pending);
            ASSERT(nr < SOFTIRQ_COUNT && handlers[nr]);
            handlers[nr]();
        }
        irq_disable();
    }
    irq_restore(flags);
}
