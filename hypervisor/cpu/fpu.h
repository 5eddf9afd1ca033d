/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FPU and extended state, switched eagerly: the registers always belong to the current vCPU (the hypervisor is compiled
 * without them). Lazy switching by CR0.TS is unsafe on some CPUs, and QEMU's TCG does not trap XSAVE.
 */
#ifndef HAVEN_CPU_FPU_H
#define HAVEN_CPU_FPU_H

#include "lib/types.h"

struct fpu_state {
    void *area;    /* 64-byte aligned, cpu_features.xsave_size bytes (512 without XSAVE) */
    uint64_t xcr0; /* the vCPU's; at least x87 */
};

int fpu_state_init(
    struct fpu_state *s); /* reset state; -ENOMEM. These two are in mm/cpu_memory.c: they need the allocator. */
void fpu_state_free(struct fpu_state *s);
void fpu_state_reset(struct fpu_state *s);

/* The legacy (FXSAVE) image of a state that is not loaded: 512 bytes. Setting it resets the extended components. */
void fpu_state_set_legacy(struct fpu_state *s, const void *image);
void fpu_state_get_legacy(const struct fpu_state *s, void *image);

void fpu_save(struct fpu_state *s);
void fpu_load(struct fpu_state *s); /* a damaged area (#GP) is replaced by the reset state */

/* Is it a value that the CPU and cpu_features.xcr0_max allow? XSETBV faults on others. */
bool fpu_xcr0_ok(uint64_t xcr0);

/* The current vCPU's XSETBV. -EINVAL: a value that may not be. */
int fpu_set_xcr0(struct fpu_state *s, uint64_t xcr0);

#endif
