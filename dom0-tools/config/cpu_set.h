/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of host CPUs, as xl's CPU lists name it: "0-3,^1", "all,^7". The host's number of CPUs is not known here:
 * "all" is every CPU that could exist, and who hands the set to the hypervisor cuts it.
 */
#ifndef HAVEN_CONFIG_CPU_SET_H
#define HAVEN_CONFIG_CPU_SET_H

#include <stdbool.h>
#include <stdint.h>

#define CPU_SET_CPUS 1024

struct cpu_set {
    uint64_t word[CPU_SET_CPUS / 64];
};

static inline void cpu_set_add(struct cpu_set *set, unsigned int cpu)
{
    set->word[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

static inline bool cpu_set_has(const struct cpu_set *set, unsigned int cpu)
{
    return cpu < CPU_SET_CPUS && (set->word[cpu / 64] >> (cpu % 64) & 1);
}

/* Reads a CPU list. NULL, or what is wrong with it (static text). An empty set is an error. */
const char *cpu_set_parse(const char *list, struct cpu_set *set);

/* Writes "0,2-3" ("all" for the full set); 0, or -1 when size is too small. */
int cpu_set_format(const struct cpu_set *set, char *out, unsigned int size);

#endif
