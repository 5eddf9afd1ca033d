/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a function on other CPUs. One call at a time; whoever waits for its turn serves the call that is under way,
 * so two callers cannot wait for each other even with interrupts off.
 */
#include "cpu/x86.h"
#include "irq/irq.h"
#include "platform/lapic.h"

static bool busy; /* a call is under way; atomic */
static struct {
    void (*fn)(void *arg);
    void *arg;
    cpumask_t todo; /* CPUs that have not run it yet; atomic */
} call;

static void serve(void)
{
    cpumask_t self = CPUMASK(cpu_id());
    if (!(__atomic_load_n(&call.todo, __ATOMIC_ACQUIRE) & self))
        return;
    call.fn(call.arg);
    __atomic_fetch_and(&call.todo, ~self, __ATOMIC_RELEASE);
}

void irq_call_ipi_handler(void)
{
    serve();
}

void irq_call_on(cpumask_t cpus, void (*fn)(void *), void *arg)
{
    cpumask_t self = CPUMASK(cpu_id()), others = cpus & cpu_online & ~self;
    if (others) {
        while (__atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE)) {
            uint64_t flags = irq_save();
            serve();
            irq_restore(flags);
            cpu_pause();
        }
        call.fn = fn;
        call.arg = arg;
        __atomic_store_n(&call.todo, others, __ATOMIC_RELEASE);
        lapic_send_ipi(others, VECTOR_IPI_CALL);
    }
    if (cpus & self)
        fn(arg);
    if (!others)
        return;
    while (__atomic_load_n(&call.todo, __ATOMIC_ACQUIRE))
        cpu_pause();
    __atomic_store_n(&busy, false, __ATOMIC_RELEASE);
}
