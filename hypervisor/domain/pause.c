/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stopping and continuing vCPUs, and the end of a domain by its own doing.
 *
 * A vCPU is runnable when its pause flags and its pause count are zero; both are changed atomically, then the scheduler
 * is told through a hook and looks at them again under its own lock. So no order of pausing, waking and blocking loses
 * a change. A paused domain has one count in each of its vCPUs; d->lock keeps that true against the creation of a vCPU.
 *
 * Shutting down takes no lock: a fault may end a domain from under any lock of the hypervisor. The first one to set
 * shut_down does the work; vCPUs created later see it (lifecycle/create.c). dom0 is told when none of the vCPUs runs
 * any more: by the CPU that switches the last one out, or at once. Both sides first change their word and then look at
 * the other's, so one of them sees that it is the last.
 */
#include "domain/domain.h"
#include "domain/vcpu.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "mm/guest_copy.h"
#include "mm/tlb.h"
#include "platform/symbols.h"
#include <xen/sched.h>

void (*vcpu_wake_hook)(struct vcpu *v);
void (*vcpu_sleep_hook)(struct vcpu *v);
void (*vcpu_sleep_sync_hook)(struct vcpu *v);
void (*domain0_shut_down)(uint32_t code);
void (*domain_send_global_virq)(uint32_t virq);

void vcpu_pause(struct vcpu *v)
{
    __atomic_fetch_add(&v->pause_count, 1, __ATOMIC_SEQ_CST);
    vcpu_sleep_hook(v);
}

void vcpu_pause_sync(struct vcpu *v)
{
    vcpu_pause(v);
    vcpu_sleep_sync_hook(v);
}

void vcpu_unpause(struct vcpu *v)
{
    uint32_t before = __atomic_fetch_sub(&v->pause_count, 1, __ATOMIC_SEQ_CST);

    ASSERT(before != 0);
    if (before == 1)
        vcpu_wake_hook(v);
}

void domain_pause(struct domain *d)
{
    struct vcpu *v;

    spin_lock(&d->lock);
    d->pause_count++;
    vcpu_for_each (d, v)
        vcpu_pause(v);
    spin_unlock(&d->lock);
}

void domain_pause_sync(struct domain *d)
{
    struct vcpu *v;

    ASSERT(d != current->domain);
    domain_pause(d);
    vcpu_for_each (d, v)
        vcpu_sleep_sync_hook(v);
}

void domain_unpause(struct domain *d)
{
    struct vcpu *v;

    spin_lock(&d->lock);
    ASSERT(d->pause_count != 0);
    d->pause_count--;
    vcpu_for_each (d, v)
        vcpu_unpause(v);
    spin_unlock(&d->lock);
}

void domain_shutdown(struct domain *d, uint32_t code)
{
    uint32_t none = ~0u;
    struct vcpu *v;

    /* A code announced earlier (SCHEDOP_shutdown_code) stays. */
    __atomic_compare_exchange_n(&d->shutdown_code, &none, code, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    if (__atomic_exchange_n(&d->shut_down, true, __ATOMIC_SEQ_CST))
        return;

    vcpu_for_each (d, v) {
        vcpu_set_flags(v, VCPU_SHUT_DOWN);
        vcpu_sleep_hook(v);
    }
    if (domain_is_dom0(d) && domain0_shut_down)
        domain0_shut_down(d->shutdown_code);
    domain_shutdown_settle(d);
}

void domain_shutdown_settle(struct domain *d)
{
    struct vcpu *v;

    vcpu_for_each (d, v)
        if (__atomic_load_n(&v->running, __ATOMIC_SEQ_CST))
            return;
    if (!__atomic_exchange_n(&d->shut_down_told, true, __ATOMIC_SEQ_CST) && domain_send_global_virq)
        domain_send_global_virq(VIRQ_DOM_EXC);
}

void domain_resume(struct domain *d)
{
    struct vcpu *v;

    domain_pause_sync(d);
    d->shutdown_code = ~0u;
    __atomic_store_n(&d->shut_down_told, false, __ATOMIC_SEQ_CST);
    __atomic_store_n(&d->shut_down, false, __ATOMIC_SEQ_CST);
    vcpu_for_each (d, v)
        vcpu_clear_flags(v, VCPU_SHUT_DOWN);
    domain_unpause(d);
}

void domain_crash(struct domain *d, const char *why)
{
    struct vcpu *v = current;

    if (__atomic_load_n(&d->shut_down, __ATOMIC_SEQ_CST))
        return;
    if (v->domain == d) {
        log_error("d%uv%d crashed: %s", d->id, v->id, why);
        symbols_dump_regs(guest_regs());
    } else {
        log_error("d%u crashed: %s", d->id, why);
    }
    domain_shutdown(d, SHUTDOWN_crash);
}

int vcpu_kernel_write(struct vcpu *v, uint64_t va, const void *src, size_t size)
{
    uint64_t loaded = cpu_this()->cr3;
    int error;

    ASSERT(v == current);
    if (v->pv.kernel_mode)
        return guest_copy_out(va, src, size);
    tlb_load_cr3(v->pv.kernel_table.n << PAGE_SHIFT);
    error = guest_copy_out(va, src, size);
    tlb_load_cr3(loaded);
    return error;
}
