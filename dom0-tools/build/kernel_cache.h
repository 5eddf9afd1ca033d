/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacked kernels, kept: unpacking one costs ten times as much as all the rest of creating a guest.
 *
 * An entry holds the packed bytes and what they unpack to. It is found by a checksum of the packed bytes, and then they
 * are compared in full: no crafted kernel can pass for another one. The unpacked bytes carry a checksum against damage.
 * Entries appear whole or not at all (an unnamed file gets its name at the end), and the oldest go when there are too
 * many bytes. The cache can be deleted at any time. Without a place to write to, everything works, but slower.
 * HAVEN_CACHE in the environment names another directory.
 *
 * In the file: header (one page) | packed bytes | unpacked bytes, each from a page boundary on. Pages of zeros are
 * holes.
 */
#ifndef HAVEN_BUILD_KERNEL_CACHE_H
#define HAVEN_BUILD_KERNEL_CACHE_H

#include "libhv/failure.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes of a file in memory: the whole file is mapped, data is a part of it. */
struct file_bytes {
    int fd; /* -1: none */
    uint8_t *map;
    size_t map_size;
    const uint8_t *data;
    size_t size;
    uint32_t sum; /* of an entry of the cache: see kernel_cache_verify */
};

void file_bytes_close(struct file_bytes *f);

/* True: *out has what packed unpacked to. Whether it is still undamaged is for kernel_cache_verify to say, which reads
 * all of it: best called where it is read anyway. */
bool kernel_cache_find(const void *packed, size_t size, struct file_bytes *out);
bool kernel_cache_verify(const struct file_bytes *f);
/* Takes a damaged entry away. */
void kernel_cache_forget(const struct file_bytes *f);

/* Unpacks into *out, and makes an entry of it if it can. room: bytes at most. */
int kernel_cache_unpack(const void *packed, size_t size, size_t room, struct file_bytes *out, struct failure *failure);

/* The next run of bytes in [*at, end) that the file has data for; false: none. What lies between is zeros. */
bool file_bytes_next_data(const struct file_bytes *f, size_t *at, size_t end, size_t *length);

#endif
