/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose fault decides the reaction: ASSERT and panic are for the hypervisor's own bugs only. Host tests supply their
 * own panic().
 */
#ifndef HAVEN_LIB_ASSERT_H
#define HAVEN_LIB_ASSERT_H

#include "lib/compiler.h"

/* Prints the message, registers and a symbolised back trace, stops all CPUs. */
__noreturn_ void panic(const char *fmt, ...) __printf(1, 2);

#define ASSERT(cond)                                                                                                   \
    do {                                                                                                               \
        if (unlikely(!(cond)))                                                                                         \
            panic("assertion '%s' failed at %s:%d", #cond, __FILE__, __LINE__);                                        \
    } while (0)

#endif
