/* SPDX-License-Identifier: MIT
 *
 * System time (nanoseconds since the hypervisor started), computed from the vCPU's time page and the TSC.
 */
#ifndef GUEST_CLOCK_H
#define GUEST_CLOCK_H

#include <stdint.h>

uint64_t clock_ns(void);
uint64_t clock_ns_of(unsigned vcpu); /* with that vCPU's page; only right when run on it */
uint64_t wallclock_ns(void);         /* UTC of system time 0 */

#endif
