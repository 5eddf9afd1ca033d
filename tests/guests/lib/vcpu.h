/* SPDX-License-Identifier: MIT
 *
 * Virtual CPUs.  Each has a 64 KiB aligned area: its number at the bottom, a stack for traps from user mode in the
 * lower half, the normal stack in the upper half.  So the stack pointer tells which vCPU runs.
 */
#ifndef GUEST_VCPU_H
#define GUEST_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>

#define VCPU_MAX        8u
#define VCPU_STACK_AREA 0x10000ul

extern char vcpu_stacks[VCPU_MAX][VCPU_STACK_AREA];

static inline unsigned vcpu_id(void)
{
    uint64_t rsp;

    asm volatile("mov %%rsp, %0" : "=r"(rsp));
    return *(const volatile unsigned *)(rsp & ~(VCPU_STACK_AREA - 1));
}

void vcpus_init(void);     /* numbers, and this vCPU's kernel stack */
unsigned vcpu_count(void); /* those that exist, by vcpu_op is_up */
void vcpu_fill_context(unsigned vcpu, struct vcpu_guest_context *context);
/* Initialise and start; fn runs with events off on its own stack, then the vCPU goes down.  0 or the error. */
long vcpu_boot(unsigned vcpu, void (*fn)(unsigned vcpu));
bool vcpu_wait_down(unsigned vcpu, unsigned milliseconds);
void vcpu_relax(void); /* pause, and give the processor away */

#endif
