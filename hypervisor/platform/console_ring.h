/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ring of the last bytes written (pure). Positions count bytes since the start, modulo 2^32: a reader keeps its own and
 * is moved forward when the writer has overtaken it. The owner locks.
 */
#ifndef HAVEN_PLATFORM_CONSOLE_RING_H
#define HAVEN_PLATFORM_CONSOLE_RING_H

#include "lib/types.h"

struct console_ring {
    char *buf;
    uint32_t size; /* a power of two */
    uint32_t head; /* position of the next byte written */
    uint32_t tail; /* oldest byte that is still there: head - tail <= size */
};

void console_ring_write(struct console_ring *r, const char *s, size_t n);
/* Copies from *position on, advances it; returns how many bytes. */
size_t console_ring_copy(const struct console_ring *r, uint32_t *position, char *buf, size_t n);

#endif
