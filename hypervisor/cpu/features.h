/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the CPU can do, read once on the boot CPU; application processors must offer the same or more. Control registers
 * and MSRs are set from this alike on every CPU.
 */
#ifndef HAVEN_CPU_FEATURES_H
#define HAVEN_CPU_FEATURES_H

#include "cpu/x86.h"
#include "lib/types.h"

struct cpu_features {
    bool nx, smep, smap, fsgsbase, xsave, xsaveopt, invariant_tsc, rdtscp, pge, hypervisor, amd;
    uint8_t physical_bits;
    uint64_t cr4; /* what the hypervisor runs with; guests' FSGSBASE, OSXSAVE are always on in hardware if present */
    uint64_t xcr0_max;   /* state components that guests may enable: x87, SSE, AVX, ... */
    uint32_t xsave_size; /* bytes of the save area for xcr0_max */
    char vendor[13];
};

extern struct cpu_features cpu_features;

/* Reads CPUID; then sets CR0, CR4, EFER, PAT on this CPU. features_init runs once, features_apply on each CPU. */
void features_init(void);
void features_apply(void);

/*
 * SMEP is used where present. SMAP only if an iret to ring 3 with a user-mode stack survives with CR4.SMAP set: some
 * emulators read that stack with supervisor rights. Runs once, after the IDT is up; logs the verdict.
 */
void features_smap_self_test(void);

#endif
