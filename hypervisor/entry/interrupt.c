/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts by vector: devices, the timer, other CPUs. All run with interrupts off and come back soon. */
#include "cpu/cpu_local.h"
#include "entry/entry.h"
#include "irq/irq.h"
#include "lib/log.h"
#include "mm/tlb.h"
#include "platform/lapic.h"
#include "platform/stop.h"
#include "time/timer.h"

#define OWN_FIRST 0xf0

/* VECTOR_IPI_EVENT has none: it only takes a CPU out of its guest, and softirqs and events are looked at on the way in.
 */
static void (*const own_handlers[16])(void) = {
    [VECTOR_TIMER - OWN_FIRST] = timer_interrupt,
    [VECTOR_IPI_TLB - OWN_FIRST] = tlb_ipi_handler,
    [VECTOR_IPI_CALL - OWN_FIRST] = irq_call_ipi_handler,
    [VECTOR_APIC_ERROR - OWN_FIRST] = lapic_error_interrupt,
};

static void handle_own(unsigned int vector, const struct cpu_regs *regs)
{
    if (vector == VECTOR_SPURIOUS) /* no EOI: SDM 3A 10.9 */
        return;
    if (vector == VECTOR_IPI_STOP)
        stop_ipi_handler(regs);
    lapic_eoi();
    if (vector >= OWN_FIRST && own_handlers[vector - OWN_FIRST])
        own_handlers[vector - OWN_FIRST]();
    else if (vector != VECTOR_IPI_EVENT)
        log_warning("Unexpected interrupt 0x%x on CPU %u", vector, cpu_id());
}

void interrupt_dispatch(struct cpu_regs *regs)
{
    struct cpu_local *c = cpu_this();
    unsigned int vector = (unsigned int)regs->vector;

    c->irq_depth++;
    if (vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST)
        irq_dispatch((uint8_t)vector);
    else
        handle_own(vector, regs);
    c->irq_depth--;
}
