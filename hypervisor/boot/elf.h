/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 64-bit ELF executables from an untrusted file: every offset is checked against the file's size before it is used, and
 * what is handed out is copies. Pure.
 */
#ifndef HAVEN_BOOT_ELF_H
#define HAVEN_BOOT_ELF_H

#include "lib/types.h"

struct elf_image {
    const uint8_t *file;
    size_t size;
    uint64_t entry;
    uint64_t paddr_start, paddr_end; /* what the loadable segments cover in memory, by physical address */
    uint64_t phoff, shoff;
    unsigned int phnum, shnum;
};

struct elf_segment {
    const uint8_t *data;                    /* file_size bytes */
    uint64_t paddr, file_size, memory_size; /* file_size <= memory_size; paddr + memory_size does not wrap */
};

struct elf_note {
    const char *name; /* name_size bytes, the NUL included; not to be trusted to have one */
    uint32_t name_size, type;
    const uint8_t *value;
    uint32_t value_size;
};

bool elf_recognise(const void *file, size_t size);

/* Checks headers and all segments. NULL, or what is wrong. */
const char *elf_parse(struct elf_image *e, const void *file, size_t size);

/* Loadable segments with contents in memory: i counts from 0 over all program headers; false for those that are not. */
bool elf_segment(const struct elf_image *e, unsigned int i, struct elf_segment *out);

/* Calls fn for every note in note segments, or in note sections if there are no note segments. Stops when fn returns
 * false. */
void elf_for_each_note(const struct elf_image *e, bool (*fn)(const struct elf_note *n, void *arg), void *arg);

#endif
