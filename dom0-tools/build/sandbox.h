/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives up every right of this process but to compute, to get anonymous memory, to write to what is open, and to end.
 * Anything else kills it at once. For children that look at bytes which may be hostile.
 */
#ifndef HAVEN_BUILD_SANDBOX_H
#define HAVEN_BUILD_SANDBOX_H

#include <stddef.h>

/* memory: bytes of address space to come on top of what is mapped. 0, or -1 with errno. */
int sandbox_enter(size_t memory);

#endif
