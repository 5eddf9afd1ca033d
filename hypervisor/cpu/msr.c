/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model-specific registers that may not be there: the #GP becomes an error. */
#include "cpu/extable.h"
#include "cpu/x86.h"
#include "lib/compiler.h"
#include "lib/errno.h"

int rdmsr_safe(uint32_t msr, uint64_t *value)
{
    uint32_t lo, hi;
    int error;

    __asm__ volatile("1: rdmsr\n\t"
                     "xor %2, %2\n\t"
                     "jmp 3f\n"
                     "2: mov %4, %2\n\t"
                     "xor %%eax, %%eax\n\t"
                     "xor %%edx, %%edx\n"
                     "3:\n\t" EXTABLE("1b", "2b")
                     : "=&a"(lo), "=&d"(hi), "=&r"(error)
                     : "c"(msr), "i"(-EFAULT));
    *value = (uint64_t)hi << 32 | lo;
    return error;
}

int __init wrmsr_safe(uint32_t msr, uint64_t value)
{
    int error;

    __asm__ volatile("1: wrmsr\n\t"
                     "xor %0, %0\n\t"
                     "jmp 3f\n"
                     "2: mov %4, %0\n"
                     "3:\n\t" EXTABLE("1b", "2b")
                     : "=&r"(error)
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "i"(-EFAULT)
                     : "memory");
    return error;
}
