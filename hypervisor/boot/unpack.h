/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unpacks the dom0 kernel, by the distribution's libraries. Only while booting. */
#ifndef HAVEN_BOOT_UNPACK_H
#define HAVEN_BOOT_UNPACK_H

#include "lib/types.h"

/* Page-granular boot memory from the buddy allocator, physically contiguous. NULL: none left. */
void *boot_pages_alloc(uint64_t size);
void boot_pages_free(void *p, uint64_t size);

struct unpacked {
    void *data;
    uint64_t size;     /* bytes of the result */
    uint64_t reserved; /* for unpack_free; 0: data is the input itself */
};

/* The format's name ("xz", "gzip", ...), or NULL if these are not known compressed data. */
const char *unpack_format(const void *in, size_t size);

/*
 * Unpacks 'in'. 'limit': the result is at most this long, 0 if nothing is known about it. NULL, or what went wrong;
 * then nothing is left allocated.
 */
const char *unpack(const void *in, size_t size, uint64_t limit, struct unpacked *out);
void unpack_free(struct unpacked *u);

/* Makes the libraries usable on this CPU: vector registers, thread area; runs their constructors. */
void unpack_libc_init(void);

#endif
