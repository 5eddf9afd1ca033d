/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one gate to the current guest's memory, by its virtual addresses. Addresses in the hypervisor's part and
 * non-canonical ones are refused; faults are caught. Bytes come in once: callers check the copy, never the original.
 * Valid while the current vCPU's kernel address space is loaded (every hypercall).
 */
#ifndef HAVEN_MM_GUEST_COPY_H
#define HAVEN_MM_GUEST_COPY_H

#include "lib/compiler.h"
#include "lib/types.h"

/* 0 or -EFAULT (then an unknown part was copied). */
int guest_copy_in(void *dst, uint64_t guest_va, size_t size) __must_check;
int guest_copy_out(uint64_t guest_va, const void *src, size_t size) __must_check;

/* Element i of an array at guest_va. */
#define guest_copy_in_item(dst, guest_va, i)  guest_copy_in((dst), (guest_va) + (uint64_t)(i) * sizeof(*(dst)), sizeof(*(dst)))
#define guest_copy_out_item(guest_va, i, src) guest_copy_out((guest_va) + (uint64_t)(i) * sizeof(*(src)), (src), sizeof(*(src)))

/* Public handles hold the address in .p. */
#define guest_handle_va(h) ((uint64_t)(h).p)

/* Switches on user access for a run of accesses by hand (STAC/CLAC when SMAP is on). */
void guest_access_begin(void);
void guest_access_end(void);

#endif
