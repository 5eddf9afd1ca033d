/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time as guests see it: the vcpu_time_info pages and the wall clock in shared_info. */
#ifndef HAVEN_GUEST_CLOCK_H
#define HAVEN_GUEST_CLOCK_H

#include "domain/vcpu.h"

void guest_clock_init(void);              /* sets the hooks of time/ and sched/ */
void guest_clock_publish(struct vcpu *v); /* current vCPU: writes its time pages (skipped when nothing changed) */
void guest_clock_publish_wall(struct domain *d);
int guest_clock_register_area(uint64_t va); /* VCPUOP_register_vcpu_time_memory_area */

#endif
