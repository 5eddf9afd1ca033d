/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bringing vCPUs up and down. A vCPU gets a context once (VCPUOP_initialise), or from the control domain while it
 * stands still. */
#include "domain/vcpu.h"
#include "lib/errno.h"
#include "lifecycle/create.h"
#include "sched/sched.h"
#include <xen/sched.h>

int vcpu_state_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    int error = v->domain->ops->set_context(v, c);

    if (error)
        return error;
    WRITE_ONCE(v->initialised, true);
    return 0;
}

int vcpu_state_up(struct vcpu *v)
{
    if (!READ_ONCE(v->initialised))
        return -EINVAL;
    if (vcpu_clear_flags(v, VCPU_DOWN) & VCPU_DOWN)
        sched_wake(v);
    return 0;
}

static bool others_are_up(const struct vcpu *v)
{
    struct vcpu *other;

    vcpu_for_each (v->domain, other)
        if (other != v && !(READ_ONCE(other->pause_flags) & VCPU_DOWN))
            return true;
    return false;
}

int vcpu_state_down(struct vcpu *v)
{
    /* The last one takes the domain along: nobody could bring it up again. */
    if (!others_are_up(v)) {
        domain_shutdown(v->domain, SHUTDOWN_poweroff);
        return 0;
    }
    vcpu_set_flags(v, VCPU_DOWN);
    sched_sleep(v);
    return 0;
}
