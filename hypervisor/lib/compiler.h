/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for compiler attributes, and the sections of code and data that live only while booting. */
#ifndef HAVEN_LIB_COMPILER_H
#define HAVEN_LIB_COMPILER_H

#define __packed       __attribute__((packed))
#define __aligned_(n)  __attribute__((aligned(n)))
#define __noreturn_    __attribute__((noreturn))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __must_check   __attribute__((warn_unused_result))
#define __unused_      __attribute__((unused))

/* Freed after boot: nothing reachable later may point here. Objects of boot/ are there as a whole without markers. */
#ifdef HAVEN_HOSTED
#define __init
#define __initdata
#define __initconst
#else
#define __init      __attribute__((section(".init.text"), noinline))
#define __initdata  __attribute__((section(".init.data")))
#define __initconst __attribute__((section(".init.rodata")))
#endif

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define barrier()        __asm__ volatile("" ::: "memory")
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif
