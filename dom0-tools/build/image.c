/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See image.h. Takes one wrapping off after the other: bzImage, compression; then ELF headers, then notes. */
#include "build/image.h"
#include "boot/bzimage.h"
#include "build/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int file_bytes_open(const char *path, const char *what, size_t most, struct file_bytes *file, struct failure *failure)
{
    struct stat s;

    *file = (struct file_bytes){.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)}; /* no waiting for a FIFO */
    if (file->fd < 0 || fstat(file->fd, &s))
        return failure_errno(failure, "%s %s", what, path);
    if (!S_ISREG(s.st_mode))
        return failure_set(failure, "%s %s: not a file", what, path);
    if (s.st_size == 0)
        return failure_set(failure, "%s %s: empty", what, path);
    if ((uint64_t)s.st_size > most)
        return failure_set(failure, "%s %s: larger than %zu MiB", what, path, most >> 20);
    void *map = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, file->fd, 0);
    if (map == MAP_FAILED)
        return failure_errno(failure, "%s %s: reading it", what, path);
    file->map = map;
    file->map_size = (size_t)s.st_size;
    file->data = map;
    file->size = file->map_size;
    return 0;
}

/* The file is the packed kernel: replaces it by what it unpacks to. limit: the size that a header gives; 0: none. */
static int unpack_file(const uint8_t *packed, size_t size, size_t limit, const char *path, struct image *image,
                       struct failure *failure)
{
    struct failure why = {""};
    struct file_bytes unpacked;

    image->cached = kernel_cache_find(packed, size, &unpacked);
    if (!image->cached && kernel_cache_unpack(packed, size, limit ? limit : UNPACKED_MAX, &unpacked, &why))
        return failure_set(failure, "kernel %s: %s", path, why.text);
    file_bytes_close(&image->file);
    image->file = unpacked;
    if (limit && image->file.size != limit)
        return failure_set(failure, "kernel %s: unpacks to less than its header says: truncated or corrupt", path);
    return 0;
}

/* Takes the wrappings off until image->file is an ELF file. */
static int unwrap(const char *path, struct image *image, struct failure *failure)
{
    const uint8_t *packed = image->file.data;
    size_t size = image->file.size;
    uint32_t limit = 0;

    if (bzimage_recognise(packed, size)) {
        struct bzimage payload;
        const char *wrong = bzimage_find_payload(packed, size, &payload);
        if (wrong)
            return failure_set(failure, "kernel %s: %s", path, wrong);
        packed = payload.payload;
        size = payload.payload_size;
        memcpy(&limit, packed + size - sizeof(limit), sizeof(limit));
    }
    image->file.data = packed;
    image->file.size = size;
    image->format = "ELF";
    if (elf_recognise(packed, size))
        return 0;
    image->format = unpack_format(packed, size);
    if (!image->format)
        return failure_set(failure, "kernel %s: neither a bzImage nor an ELF file in a format that is known", path);
    if (strcmp(image->format, "gzip") == 0 && size > 18)
        memcpy(&limit, packed + size - sizeof(limit), sizeof(limit)); /* as gzip itself has it */
    if (limit > UNPACKED_MAX)
        return failure_set(failure, "kernel %s: claims to unpack to %u MiB", path, limit >> 20);
    return unpack_file(packed, size, limit, path, image, failure);
}

/* The file can have changed between the parser's look at a header and ours: the copy is what counts. */
static bool segment_is_sane(const struct image *image, const struct elf_segment *s)
{
    const uint8_t *start = image->file.data;
    uint64_t offset = (uint64_t)(s->data - start), size = image->file.size;
    uint64_t base = image->notes.paddr_offset, end = image->notes.virt_end - image->notes.virt_base + base;

    return offset <= size && s->file_size <= size - offset && s->file_size <= s->memory_size && s->paddr >= base &&
           s->paddr <= end && s->memory_size <= end - s->paddr;
}

static int take_segments(const struct elf_image *elf, const char *path, struct image *image, struct failure *failure)
{
    image->segments = 0;
    for (unsigned i = 0; i < elf->phnum; i++) {
        struct elf_segment s;
        if (!elf_segment(elf, i, &s))
            continue;
        if (image->segments == IMAGE_SEGMENTS)
            return failure_set(failure, "kernel %s: more than %u segments", path, IMAGE_SEGMENTS);
        if (!segment_is_sane(image, &s))
            return failure_set(failure, "kernel %s: it changed while it was read", path);
        image->segment[image->segments++] = s;
    }
    return 0;
}

static int parse(const char *path, struct image *image, struct failure *failure)
{
    struct elf_image elf;
    const char *wrong = elf_parse(&elf, image->file.data, image->file.size);

    if (!wrong) {
        elf_notes_read(&elf, &image->notes);
        wrong = elf_notes_check(&elf, &image->notes, false);
    }
    if (wrong)
        return failure_set(failure, "kernel %s: %s", path, wrong);
    return take_segments(&elf, path, image, failure);
}

int image_parse(const uint8_t *bytes, size_t size, const char *path, struct image *image, struct failure *failure)
{
    *image = (struct image){.file = {.fd = -1, .data = bytes, .size = size}, .format = "ELF"};
    return parse(path, image, failure);
}

int image_open(const char *path, struct image *image, struct failure *failure)
{
    *image = (struct image){.file.fd = -1};
    if (file_bytes_open(path, "kernel", UNPACKED_MAX, &image->file, failure))
        return -1;
    if (unwrap(path, image, failure))
        return -1;
    return parse(path, image, failure);
}

void image_close(struct image *image)
{
    file_bytes_close(&image->file);
}
