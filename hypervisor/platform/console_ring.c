/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See console_ring.h. All arithmetic on positions is modulo 2^32, so the wrap of the counters needs no care. */
#include "platform/console_ring.h"
#include "lib/string.h"

void console_ring_write(struct console_ring *r, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        r->buf[r->head++ & (r->size - 1)] = s[i];
    if (n >= r->size || r->head - r->tail > r->size)
        r->tail = r->head - r->size;
}

size_t console_ring_copy(const struct console_ring *r, uint32_t *position, char *buf, size_t n)
{
    uint32_t held = r->head - r->tail;
    if (*position - r->tail > held)
        *position = r->tail;
    uint32_t count = r->head - *position;
    if (count > n)
        count = (uint32_t)n;
    for (uint32_t i = 0; i < count; i++)
        buf[i] = r->buf[(*position + i) & (r->size - 1)];
    *position += count;
    return count;
}
