/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See memory.h. */
#include "xenstore/memory.h"

#include "xenstore/log.h"
#include <stdlib.h>
#include <string.h>

static void *check(void *memory, size_t size)
{
    if (!memory && size) {
        log_line(LOG_LEVEL_ERROR, "no memory for %zu bytes: ending, start me again with more memory", size);
        abort();
    }
    return memory;
}

void *memory_alloc(size_t size)
{
    return check(malloc(size), size);
}

void *memory_zalloc(size_t size)
{
    return check(calloc(1, size), size);
}

void *memory_realloc(void *old, size_t size)
{
    return check(realloc(old, size), size);
}

void *memory_copy(const void *bytes, size_t size)
{
    void *copy = memory_alloc(size);
    return size ? memcpy(copy, bytes, size) : copy;
}
