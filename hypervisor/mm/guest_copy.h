/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one gate to the current guest's memory, by its virtual addresses. Addresses in the hypervisor's part and
 * non-canonical ones are refused; faults are caught. Bytes come in once: callers check the copy, never the original.
 * Valid while the current vCPU's kernel address space is loaded (every hypercall).
 */
#ifndef HAVEN_MM_GUEST_COPY_H
#define HAVEN_MM_GUEST_COPY_H

#include "cpu/extable.h"
#include "cpu/features.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/types.h"
#include "mm/layout.h"

/* 0 or -EFAULT (then an unknown part was copied). */
int guest_copy_in(void *dst, uint64_t guest_va, size_t size) __must_check;
int guest_copy_out(uint64_t guest_va, const void *src, size_t size) __must_check;

/* Element i of an array at guest_va. */
#define guest_copy_in_item(dst, guest_va, i)                                                                           \
    guest_copy_in((dst), (guest_va) + (uint64_t)(i) * sizeof(*(dst)), sizeof(*(dst)))
#define guest_copy_out_item(guest_va, i, src)                                                                          \
    guest_copy_out((guest_va) + (uint64_t)(i) * sizeof(*(src)), (src), sizeof(*(src)))

/* Public handles hold the address in .p. */
#define guest_handle_va(h) ((uint64_t)(h).p)

/* User access for a run of accesses by hand (STAC/CLAC when SMAP is on). */
static inline void guest_access_begin(void)
{
    if (cpu_features.cr4 & CR4_SMAP)
        __asm__ volatile("stac" : : : "memory");
}

static inline void guest_access_end(void)
{
    if (cpu_features.cr4 & CR4_SMAP)
        __asm__ volatile("clac" : : : "memory");
}

/* Reads one 4-byte number, aligned or not: the whole argument of the most frequent operation. 0 or -EFAULT. */
static inline int guest_read_u32(uint64_t va, uint32_t *value)
{
    if (unlikely(!guest_address_ok(va) || !guest_address_ok(va + sizeof(*value) - 1)))
        return -EFAULT;
    uint32_t v;
    guest_access_begin();
    __asm__ goto("1: movl (%1), %0\n\t" EXTABLE("1b", "%l[fault]") : "=r"(v) : "r"(va) : : fault);
    guest_access_end();
    *value = v;
    return 0;
fault:
    guest_access_end();
    return -EFAULT;
}

/*
 * Writes 'count' 8-byte words, a small constant: straight stores. False on a fault (then some were written). The range
 * is the caller's to check.
 */
static inline __attribute__((always_inline)) bool guest_write_words(uint64_t va, const uint64_t *words,
                                                                    unsigned int count)
{
    guest_access_begin();
#pragma GCC unroll 16
    for (unsigned int i = 0; i < count; i++)
        __asm__ goto("1: movq %0, (%1)\n\t" EXTABLE("1b", "%l[fault]") : : "r"(words[i]), "r"(va + i * 8) : : fault);
    barrier();
    guest_access_end();
    return true;
fault:
    guest_access_end();
    return false;
}

#endif
