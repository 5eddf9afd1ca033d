/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Long operations stop at a safe point and are called again with changed arguments: the guest's rip goes back to its
 * SYSCALL instruction, so that interrupts and events are served in between. Inside a multicall the entry is rewritten
 * instead.
 */
#ifndef HAVEN_HYPERCALL_CONTINUATION_H
#define HAVEN_HYPERCALL_CONTINUATION_H

#include "lib/types.h"

/* In the count argument of mmu_update and mmuext_op: this is a continuation, *pdone holds what was done before. */
#define MMU_UPDATE_PREEMPTED (1u << 31)

/* Something waits for this CPU: softirqs, or an event for the current vCPU. Ask every few dozen steps of a long loop.
 */
bool continuation_wanted(void);

/*
 * return continuation_make(__HYPERVISOR_x, count, args...): the hypercall's return value. Up to 6 arguments as
 * uint64_t.
 */
int64_t continuation_make(unsigned int nr, unsigned int count, ...);

#endif
