/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be done before a guest goes on: softirqs (the scheduler among them: 'current' may be another vCPU
 * afterwards), idling when there is no vCPU, then what the hypervisor has to tell this vCPU's kernel.
 *
 * Called with interrupts off, and returns so when nothing is left; whatever comes later interrupts the guest. They are
 * on while work is done. At most one kind of thing is delivered per round, in order of urgency: each takes the guest
 * into a handler, and the next one is then on top of it.
 */
#include "cpu/cpu_local.h"
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "entry/entry.h"
#include "event/channel.h"
#include "guest/pv/trap_frame.h"
#include "irq/softirq.h"
#include "lib/compiler.h"

static bool deliver_one(struct vcpu *v)
{
    if (v->pv.failsafe_pending) {
        v->pv.failsafe_pending = false;
        irq_enable();
        trap_frame_failsafe(v);
        return true;
    }
    if (v->pv.nmi_pending && !v->pv.in_nmi) {
        v->pv.nmi_pending = false;
        irq_enable();
        (void)trap_frame_nmi(v);
        return true;
    }
    if (event_deliverable(v)) {
        irq_enable();
        v->domain->ops->deliver_event(v);
        return true;
    }
    return false;
}

void exit_to_guest_work(void)
{
    for (;;) {
        if (READ_ONCE(cpu_this()->softirqs)) {
            irq_enable();
            softirq_run();
        } else if (current->is_idle) {
            /* STI takes effect after the next instruction: no interrupt can slip in between the check and HLT. */
            __asm__ volatile("sti; hlt; cli" ::: "memory");
        } else if (!deliver_one(current)) {
            return;
        }
        irq_disable();
    }
}
