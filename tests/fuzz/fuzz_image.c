/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel files: the wrapping of a bzImage, decompressors, ELF headers and notes, and the layout that follows from them.
 * Every byte that would be loaded is read, so that the sanitizer sees what lies outside of the file.
 *
 * build: dom0-tools/build/unpack_here.c hypervisor/boot/elf.c hypervisor/boot/elf_notes.c hypervisor/boot/bzimage.c
 * build: hypervisor/boot/dom0_layout.c -DHAVEN_HOSTED -iquote hypervisor -iquote dom0-tools -llzma -lz -llz4 -lzstd
 */
#include "boot/bzimage.h"
#include "boot/dom0_layout.h"
#include "boot/elf.h"
#include "boot/elf_notes.h"
#include "build/unpack.h"
#include <stdlib.h>

#define ROOM (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sum;

static void use_segments(const struct elf_image *elf)
{
    struct elf_segment s;

    for (unsigned i = 0; i < elf->phnum; i++) {
        if (!elf_segment(elf, i, &s))
            continue;
        if (s.file_size > s.memory_size || s.paddr + s.memory_size < s.paddr)
            abort();
        for (uint64_t k = 0; k < s.file_size && k < 4096; k++)
            sum += s.data[k] + s.data[s.file_size - 1 - k];
    }
}

static void use_layout(const struct elf_notes *n)
{
    struct dom0_layout l;

    if (dom0_layout_compute(n, 1u << 15, 5u << 20, 2, &l))
        return;
    if (l.fixed_pages > l.pages || l.tables_end <= l.tables_start || l.rings + 2 * PAGE_SIZE != l.tables_start)
        abort();
}

static void use_elf(const uint8_t *bytes, size_t size)
{
    struct elf_image elf;
    struct elf_notes notes;

    if (elf_parse(&elf, bytes, size))
        return;
    use_segments(&elf);
    elf_notes_read(&elf, &notes);
    for (unsigned dom0 = 0; dom0 < 2; dom0++)
        if (!elf_notes_check(&elf, &notes, dom0))
            use_layout(&notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bzimage image = {data, size};

    if (bzimage_recognise(data, size) && bzimage_find_payload(data, size, &image))
        return 0;
    if (unpack_format(image.payload, image.payload_size)) {
        uint8_t *out = malloc(ROOM);
        size_t n = 0;
        if (!unpack_here(image.payload, image.payload_size, out, ROOM, &n))
            use_elf(out, n);
        free(out);
    } else {
        use_elf(image.payload, image.payload_size);
    }
    return 0;
}
