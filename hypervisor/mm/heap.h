/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small objects of the hypervisor, from frames of the buddy allocator. 16-byte aligned; page multiples page-aligned. */
#ifndef HAVEN_MM_HEAP_H
#define HAVEN_MM_HEAP_H

#include "lib/types.h"

void *heap_alloc(size_t size); /* zeroed; NULL if out of memory */
void heap_free(void *p);       /* NULL allowed */

/* 2^order zeroed frames at their direct-map address. */
void *heap_alloc_pages(unsigned int order);
void heap_free_pages(void *p, unsigned int order);

#endif
