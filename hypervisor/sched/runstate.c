/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run states: running, runnable (waits for a CPU), blocked (waits for an event), offline (paused, down, shut down). The
 * times of the four add up to the vCPU's age.
 *
 * The guest's copy is written while the vCPU is current: when it starts to run, and when it is preempted, so that its
 * siblings can see that it waits. With the assist runstate_update_flag the entry time carries XEN_RUNSTATE_UPDATE while
 * the rest changes, so that another vCPU can read a consistent copy.
 */
#include "sched/runstate.h"
#include "lib/compiler.h"
#include "sched/runqueue.h"
#include "sched/sched.h"
#include "time/clock.h"

_Static_assert(sizeof(vcpu_runstate_info_t) == 48, "public ABI: xen/vcpu.h");

void runstate_change(struct vcpu *v, int state, uint64_t now)
{
    vcpu_runstate_info_t *r = &v->runstate;

    if (r->state == state)
        return;
    if (now > r->state_entry_time) {
        r->time[r->state] += now - r->state_entry_time;
        r->state_entry_time = now;
    }
    r->state = state;
}

void runstate_update_offline(struct vcpu *v, uint64_t now)
{
    uint32_t flags = READ_ONCE(v->pause_flags);
    bool blocked = (flags & VCPU_BLOCKED) && !(flags & (VCPU_DOWN | VCPU_SHUT_DOWN)) && !READ_ONCE(v->pause_count);

    runstate_change(v, blocked ? RUNSTATE_blocked : RUNSTATE_offline, now);
}

void runstate_leave(struct vcpu *v, uint64_t now)
{
    if (vcpu_runnable(v) || (READ_ONCE(v->pause_flags) & VCPU_MIGRATING))
        runstate_change(v, RUNSTATE_runnable, now);
    else
        runstate_update_offline(v, now);
}

void sched_runstate_get(struct vcpu *v, vcpu_runstate_info_t *out)
{
    uint64_t flags, now;

    runqueue_lock(v, &flags);
    now = clock_now();
    *out = v->runstate;
    if (now > out->state_entry_time)
        out->time[out->state] += now - out->state_entry_time;
    spin_unlock_irq(&runqueues[v->processor].lock, flags);
}

void sched_runstate_publish(struct vcpu *v)
{
    vcpu_runstate_info_t copy = v->runstate;
    uint64_t entry = copy.state_entry_time;
    uint64_t entry_va = v->runstate_guest + offsetof(vcpu_runstate_info_t, state_entry_time);

    if (!(READ_ONCE(v->domain->vm_assist) >> VMASST_TYPE_runstate_update_flag & 1)) {
        if (vcpu_kernel_write(v, v->runstate_guest, &copy, sizeof(copy)))
            return; /* the guest unmapped it: its loss */
        return;
    }
    /* The flag goes out first and is taken back last; the stores are in order on x86, the compiler must keep them so.
     */
    copy.state_entry_time |= XEN_RUNSTATE_UPDATE;
    if (vcpu_kernel_write(v, entry_va, &copy.state_entry_time, sizeof(entry)))
        return;
    barrier();
    if (vcpu_kernel_write(v, v->runstate_guest, &copy, sizeof(copy)))
        return;
    barrier();
    if (vcpu_kernel_write(v, entry_va, &entry, sizeof(entry)))
        return;
}

void runstate_publish_leaving(struct vcpu *v)
{
    if (v->runstate.state == RUNSTATE_runnable)
        sched_runstate_publish(v);
}
