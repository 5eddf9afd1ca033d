/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel of a guest: from a file (bzImage, ELF, or either packed) to segments to load and Xen notes. The parsers
 * are those that the hypervisor uses for dom0's kernel (hypervisor/boot). The file may be hostile, and may change while
 * it is looked at: what was parsed is kept as copies, checked once more against the bounds of the file.
 */
#ifndef HAVEN_BUILD_IMAGE_H
#define HAVEN_BUILD_IMAGE_H

#include "boot/elf.h"
#include "boot/elf_notes.h"
#include "build/kernel_cache.h"
#include "libhv/failure.h"

#define IMAGE_SEGMENTS 32

struct image {
    struct file_bytes file; /* the ELF file is data and size of it */
    struct elf_notes notes;
    struct elf_segment segment[IMAGE_SEGMENTS];
    unsigned segments;
    const char *format; /* "ELF", "gzip", "xz" ...; static */
    bool cached;        /* unpacking was skipped */
};

/* 0, or -1 with the reason; *image can be closed in both cases. */
int image_open(const char *path, struct image *image, struct failure *failure);
/* The same for bytes that are there already. They are not copied. Pure, for tests and the fuzzer. */
int image_parse(const uint8_t *bytes, size_t size, const char *path, struct image *image, struct failure *failure);
void image_close(struct image *image);

/* A whole file, mapped to be read. */
int file_bytes_open(const char *path, const char *what, size_t most, struct file_bytes *file, struct failure *failure);

#endif
