/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HYPERVISOR_set_timer_op: the current vCPU's single-shot timer, in one register. */
#include "domain/vcpu.h"
#include "hypercall/table.h"
#include "lifecycle/vcpu_timer.h"
#include "time/clock.h"

#define FAR_FUTURE (1ULL << 50) /* ns: about 13 days */
#define SOON       100000000ULL

int64_t hypercall_set_timer_op(uint64_t timeout, uint64_t, uint64_t, uint64_t, uint64_t)
{
    uint64_t now = clock_now();

    if (!timeout) {
        timer_stop(&current->singleshot_timer);
        return 0;
    }
    /*
     * Negative or very far away: kernels that compute deadlines from wrapped tick counts mean "now", old ones mean
     * "never". A tenth of a second serves both, as in Xen.
     */
    if ((int64_t)timeout < 0 || (timeout > now && timeout - now >= FAR_FUTURE))
        timeout = now + SOON;
    vcpu_timer_set_singleshot(current, timeout);
    return 0;
}
