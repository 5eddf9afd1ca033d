/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is always there: what a domain can make the store hold is bounded by its quota, so running out is the
 * machine's fault. Then the server ends with a message; its successor finds everything in the journal.
 */
#ifndef HAVEN_XENSTORE_MEMORY_H
#define HAVEN_XENSTORE_MEMORY_H

#include <stddef.h>

void *memory_alloc(size_t size);
void *memory_zalloc(size_t size);
void *memory_realloc(void *old, size_t size);
void *memory_copy(const void *bytes, size_t size);

#endif
