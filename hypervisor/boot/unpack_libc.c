/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the decompression libraries want of a C library and of the system. They are the distribution's objects, compiled
 * for user programs: they use SSE registers (nobody else does, and no guest exists yet), find the stack protector's
 * value at %fs:0x28, allocate a few blocks, and one has a constructor. Memory and string functions are lib/string.c's.
 */
#include "boot/unpack.h"
#include "cpu/x86.h"
#include "lib/assert.h"
#include "lib/string.h"

/* malloc gives whole pages: there are a dozen calls in all. The block's size stands in front of it. */
#define BLOCK_HEADER 64

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void free(void *p);
void __stack_chk_fail(void);
unsigned long long ZSTD_trace_decompress_begin(const void *context);
void ZSTD_trace_decompress_end(unsigned long long trace, const void *what);

void *malloc(size_t size)
{
    if (size > GIB(1))
        return NULL;
    uint64_t *block = boot_pages_alloc(size + BLOCK_HEADER);
    if (!block)
        return NULL;
    *block = size + BLOCK_HEADER;
    return (char *)block + BLOCK_HEADER;
}

void *calloc(size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    void *p = malloc(bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

void free(void *p)
{
    if (!p)
        return;
    uint64_t *block = (uint64_t *)((char *)p - BLOCK_HEADER);
    boot_pages_free(block, *block);
}

void __stack_chk_fail(void)
{
    panic("a decompression library overran its stack buffer");
}

/* libzstd's weak hooks: an undefined one would be address 0, out of a call's reach. 0: no trace is wanted. */
unsigned long long ZSTD_trace_decompress_begin(const void *context)
{
    (void)context;
    return 0;
}

void ZSTD_trace_decompress_end(unsigned long long trace, const void *what)
{
    (void)trace;
    (void)what;
}

extern void (*const _init_array_start[])(void), (*const _init_array_end[])(void);

/* System V ABI, AMD64: the thread control block begins at the FS base; glibc keeps the protector's value at 0x28. */
static uint64_t thread_area[16] = {[5] = 0x5bd1e9955bd1e995};

void unpack_libc_init(void)
{
    write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP);
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    __asm__ volatile("fninit");
    wrmsr(MSR_FS_BASE, (uint64_t)thread_area);
    for (void (*const *f)(void) = _init_array_start; f < _init_array_end; f++)
        (*f)();
}
