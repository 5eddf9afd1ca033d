/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which CPUs there are, and where their blocks lie. Written by the boot CPU while it brings up the others. */
#include "cpu/cpu_local.h"
#include "lib/assert.h"
#include "lib/compiler.h"

unsigned int cpu_count = 1;
cpumask_t cpu_online = 1;

static struct cpu_local *block_of[CPU_MAX];

struct cpu_local *cpu_local_of(unsigned int cpu)
{
    struct cpu_local *c = block_of[cpu];

    /* While booting there is only the block that is in use. */
    return c ? c : cpu_this();
}

void __init cpu_local_register(struct cpu_local *c)
{
    ASSERT(c->cpu < CPU_MAX);
    block_of[c->cpu] = c;
}

void __init cpu_local_enter(struct cpu_local *c, void (*fn)(void))
{
    struct cpu_local *old = cpu_this();

    if (c != old) {
        struct cpu_tables *tables = c->tables;

        *c = *old;
        c->tables = tables;
        cpu_local_register(c);
    }
    __asm__ volatile("mov %0, %%rsp\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "call *%1\n\t"
                     "ud2"
                     :
                     : "r"(c), "r"(fn)
                     : "memory");
    __builtin_unreachable();
}
