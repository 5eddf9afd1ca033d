/* SPDX-License-Identifier: MIT
 *
 * See clock.h.  The page carries a version that is odd while the hypervisor writes; read again until it is even and the
 * same before and after.
 */
#include "clock.h"
#include "guest.h"
#include "vcpu.h"

uint64_t clock_ns_of(unsigned vcpu)
{
    const volatile struct vcpu_time_info *t = &shared_info->vcpu_info[vcpu].time;
    uint64_t ns, delta;
    uint32_t version;

    do {
        version = t->version;
        barrier();
        delta = rdtsc() - t->tsc_timestamp;
        delta = t->tsc_shift >= 0 ? delta << t->tsc_shift : delta >> -t->tsc_shift;
        ns = t->system_time + (uint64_t)((unsigned __int128)delta * t->tsc_to_system_mul >> 32);
        barrier();
    } while (version & 1 || version != t->version);
    return ns;
}

uint64_t clock_ns(void)
{
    return clock_ns_of(vcpu_id());
}

uint64_t wallclock_ns(void)
{
    const volatile struct shared_info *s = shared_info;
    uint64_t ns;
    uint32_t version;

    do {
        version = s->wc_version;
        barrier();
        ns = ((uint64_t)s->wc_sec_hi << 32 | s->wc_sec) * 1000000000ul + s->wc_nsec;
        barrier();
    } while (version & 1 || version != s->wc_version);
    return ns;
}
