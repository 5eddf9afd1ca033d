/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies between the hypervisor and the current guest's memory. The guest's half of a copy may fault at any byte; the
 * exception table then leads behind the copy with the error still in place.
 *
 * SMAP: user access is on only for the string instructions here. After a fault, too, it goes off again: execution goes
 * on behind them, at the same CLAC.
 */
#include "mm/guest_copy.h"
#include "cpu/extable.h"
#include "lib/errno.h"
#include "mm/layout.h"

#define LOW_END 0x800000000000ULL

/* Both ends on the same side of the hypervisor's part, and no wrap at the top. */
static bool range_ok(uint64_t va, size_t size)
{
    if (va < LOW_END)
        return size <= LOW_END - va;
    return va >= HV_VIRT_END && size <= 0 - va;
}

static int copy(void *dst, const void *src, size_t size)
{
    size_t words = size / 8;
    int64_t error = -EFAULT;

    guest_access_begin();
    __asm__ volatile("1: rep movsq\n\t"
                     "mov %[rest], %[count]\n\t"
                     "2: rep movsb\n\t"
                     "xor %k[error], %k[error]\n"
                     "3:\n\t" EXTABLE("1b", "3b") EXTABLE("2b", "3b")
                     : "+D"(dst), "+S"(src), [count] "+c"(words), [error] "+r"(error)
                     : [rest] "r"(size & 7)
                     : "memory");
    guest_access_end();
    return (int)error;
}

int guest_copy_in(void *dst, uint64_t guest_va, size_t size)
{
    return likely(range_ok(guest_va, size)) ? copy(dst, (const void *)guest_va, size) : -EFAULT;
}

int guest_copy_out(uint64_t guest_va, const void *src, size_t size)
{
    return likely(range_ok(guest_va, size)) ? copy((void *)guest_va, src, size) : -EFAULT;
}
