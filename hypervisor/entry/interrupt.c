/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts by vector: devices, the timer, other CPUs. All run with interrupts off and come back soon. */
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "entry/entry.h"
#include "irq/irq.h"
#include "irq/softirq.h"
#include "lib/log.h"
#include "mm/tlb.h"
#include "platform/lapic.h"
#include "platform/stop.h"
#include "time/timer.h"

/* Nothing is to be done but to leave the guest once: softirqs and events are looked at then. NMIs are not: ask for it.
 */
static void look_again(void)
{
    struct vcpu *v = current;

    if (v != NULL && !v->is_idle && v->pv.nmi_pending && !v->pv.in_nmi)
        softirq_raise(SOFTIRQ_SCHEDULE);
}

static void handle(uint8_t vector, const struct cpu_regs *regs)
{
    switch (vector) {
    case VECTOR_TIMER:
        lapic_eoi();
        timer_interrupt();
        break;
    case VECTOR_IPI_EVENT:
        lapic_eoi();
        look_again();
        break;
    case VECTOR_IPI_TLB:
        lapic_eoi();
        tlb_ipi_handler();
        break;
    case VECTOR_IPI_CALL:
        lapic_eoi();
        irq_call_ipi_handler();
        break;
    case VECTOR_IPI_STOP:
        stop_ipi_handler(regs);
        break;
    case VECTOR_APIC_ERROR:
        lapic_eoi();
        lapic_error_interrupt();
        break;
    case VECTOR_SPURIOUS: /* no EOI: SDM 3A 10.9 */
        break;
    default:
        if (vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST) {
            irq_dispatch(vector);
            break;
        }
        lapic_eoi();
        log_warning("Unexpected interrupt 0x%x on CPU %u", vector, cpu_id());
        break;
    }
}

void interrupt_dispatch(struct cpu_regs *regs)
{
    struct cpu_local *c = cpu_this();

    c->irq_depth++;
    handle((uint8_t)regs->vector, regs);
    c->irq_depth--;
}
