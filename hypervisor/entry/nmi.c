/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Non-maskable interrupts. Three kinds come: the debug key's (each CPU shows its registers and goes on), those that
 * stop the other CPUs in a panic, and the machine's own, which are dom0's to explain if it has a handler, else fatal.
 *
 * An NMI may have hit anywhere, with any lock held: nothing here takes one but by trying (log does so in an NMI).
 */
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "entry/entry.h"
#include "irq/softirq.h"
#include "lib/assert.h"
#include "lib/compiler.h"
#include "lib/log.h"
#include "platform/console.h"
#include "platform/lapic.h"
#include "platform/stop.h"
#include "platform/symbols.h"

static cpumask_t dump_wanted; /* CPUs that have not shown their registers yet; atomic */

static void dump_cpus(void)
{
    __atomic_store_n(&dump_wanted, cpu_online, __ATOMIC_SEQ_CST);
    lapic_send_ipi(cpu_online, VECTOR_NMI);
}

static const struct debug_key dump_key = {'n', "registers of all CPUs, by NMI", dump_cpus};

void __init trap_nmi_init(void)
{
    debug_key_register(&dump_key);
}

/* One CPU after the other: a CPU waits for those before it, but not for ever. */
static bool dump_if_wanted(const struct cpu_regs *regs)
{
    cpumask_t me = CPUMASK(cpu_id());

    if (!(__atomic_load_n(&dump_wanted, __ATOMIC_SEQ_CST) & me))
        return false;
    for (unsigned int spins = 0; spins < 100000000; spins++) {
        if (!(__atomic_load_n(&dump_wanted, __ATOMIC_SEQ_CST) & (me - 1)))
            break;
        __asm__ volatile("pause");
    }
    log_info("Registers of CPU %u:", cpu_id());
    symbols_dump_regs(regs);
    if (!regs_from_guest(regs))
        symbols_backtrace(regs->rbp);
    __atomic_fetch_and(&dump_wanted, ~me, __ATOMIC_SEQ_CST);
    return true;
}

void trap_nmi(struct cpu_regs *regs)
{
    struct vcpu *v = domain0 ? domain0->vcpu[0] : NULL;

    stop_check_nmi(regs);
    if (dump_if_wanted(regs))
        return;
    if (v == NULL || v->pv.trap[VECTOR_NMI].address == 0) {
        symbols_dump_regs(regs);
        panic("NMI of unknown reason on CPU %u", cpu_id());
    }
    v->pv.nmi_pending = true;
    softirq_raise_on(v->processor, SOFTIRQ_SCHEDULE);
    /* This CPU may be past its check for softirqs: an interrupt makes it look again. */
    lapic_send_ipi(CPUMASK(cpu_id()), VECTOR_IPI_EVENT);
}
