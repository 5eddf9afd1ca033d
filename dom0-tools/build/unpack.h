/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacks a compressed kernel: gzip, xz, lz4 (the kernel's legacy frames), zstd. The bytes are not trusted and the
 * decompressors are large, so unpack() lets a child process do it, which has lost every right but to compute
 * (sandbox.h): the worst that a crafted kernel reaches is the buffer that it would have filled anyway.
 */
#ifndef HAVEN_BUILD_UNPACK_H
#define HAVEN_BUILD_UNPACK_H

#include "libhv/failure.h"
#include <stddef.h>

#define UNPACKED_MAX (512u << 20) /* no kernel is larger */

/* The format's name, or NULL if it is none of those above. */
const char *unpack_format(const void *packed, size_t size);

/* Bytes behind the end of the packed data are ignored, as bzImages have them. NULL, or what is wrong. Pure. */
const char *unpack_here(const void *packed, size_t size, void *out, size_t room, size_t *unpacked);

/* The same in a sandbox. out must be a shared mapping. */
int unpack(const void *packed, size_t size, void *out, size_t room, size_t *unpacked, struct failure *failure);

#endif
