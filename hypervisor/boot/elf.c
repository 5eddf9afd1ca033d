/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layouts: System V ABI, Object Files; AMD64 supplement. */
#include "boot/elf.h"
#include "lib/string.h"

struct elf64_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf64_header) == 64, "ELF64 header");

struct elf64_program_header {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct elf64_program_header) == 56, "ELF64 program header");

struct elf64_section_header {
    uint32_t name, type;
    uint64_t flags, addr, offset, size;
    uint32_t link, info;
    uint64_t addralign, entsize;
};
_Static_assert(sizeof(struct elf64_section_header) == 64, "ELF64 section header");

#define PT_LOAD   1
#define PT_NOTE   4
#define SHT_NOTE  7
#define ET_EXEC   2
#define ET_DYN    3
#define EM_X86_64 62

static bool range_in_file(const struct elf_image *e, uint64_t offset, uint64_t size)
{
    return offset <= e->size && size <= e->size - offset;
}

static struct elf64_program_header program_header(const struct elf_image *e, unsigned int i)
{
    struct elf64_program_header h;

    memcpy(&h, e->file + e->phoff + (uint64_t)i * sizeof(h), sizeof(h));
    return h;
}

static struct elf64_section_header section_header(const struct elf_image *e, unsigned int i)
{
    struct elf64_section_header h;

    memcpy(&h, e->file + e->shoff + (uint64_t)i * sizeof(h), sizeof(h));
    return h;
}

bool elf_recognise(const void *file, size_t size)
{
    return size >= 4 && memcmp(file, "\177ELF", 4) == 0;
}

static const char *check_header(const struct elf64_header *h)
{
    if (h->ident[4] != 2)
        return "ELF is not 64-bit";
    if (h->ident[5] != 1 || h->machine != EM_X86_64)
        return "ELF is not for x86-64";
    if (h->type != ET_EXEC && h->type != ET_DYN)
        return "ELF is not an executable";
    if (h->phnum == 0 || h->phentsize != sizeof(struct elf64_program_header))
        return "ELF has no usable program headers";
    return NULL;
}

static const char *check_segments(struct elf_image *e)
{
    e->paddr_start = UINT64_MAX;
    e->paddr_end = 0;
    for (unsigned int i = 0; i < e->phnum; i++) {
        struct elf64_program_header h = program_header(e, i);

        if (h.type != PT_LOAD || h.memsz == 0)
            continue;
        if (h.filesz > h.memsz || h.paddr + h.memsz < h.paddr)
            return "ELF has a segment of impossible size";
        if (!range_in_file(e, h.offset, h.filesz))
            return "ELF is truncated: a segment goes beyond the end of the file";
        e->paddr_start = MIN(e->paddr_start, h.paddr);
        e->paddr_end = MAX(e->paddr_end, h.paddr + h.memsz);
    }
    return e->paddr_end ? NULL : "ELF has nothing to load";
}

const char *elf_parse(struct elf_image *e, const void *file, size_t size)
{
    struct elf64_header h;
    const char *wrong;

    *e = (struct elf_image){.file = file, .size = size};
    if (!elf_recognise(file, size))
        return "not an ELF file";
    if (size < sizeof(h))
        return "ELF is truncated: no complete header";
    memcpy(&h, file, sizeof(h));
    wrong = check_header(&h);
    if (wrong)
        return wrong;
    if (!range_in_file(e, h.phoff, (uint64_t)h.phnum * sizeof(struct elf64_program_header)))
        return "ELF is truncated: program headers go beyond the end of the file";
    e->entry = h.entry;
    e->phoff = h.phoff;
    e->phnum = h.phnum;
    /* Sections are only a second place to look for notes. */
    if (h.shentsize == sizeof(struct elf64_section_header) &&
        range_in_file(e, h.shoff, (uint64_t)h.shnum * sizeof(struct elf64_section_header))) {
        e->shoff = h.shoff;
        e->shnum = h.shnum;
    }
    return check_segments(e);
}

bool elf_segment(const struct elf_image *e, unsigned int i, struct elf_segment *out)
{
    struct elf64_program_header h = program_header(e, i);

    if (h.type != PT_LOAD || h.memsz == 0)
        return false;
    *out = (struct elf_segment){e->file + h.offset, h.paddr, h.filesz, h.memsz};
    return true;
}

/* Name and value are each padded to 4 bytes. False: stop. */
static bool notes_in(const struct elf_image *e, uint64_t offset, uint64_t size,
                     bool (*fn)(const struct elf_note *n, void *arg), void *arg)
{
    if (!range_in_file(e, offset, size))
        return true;
    while (size >= 12) {
        uint32_t word[3];
        memcpy(word, e->file + offset, sizeof(word));
        offset += sizeof(word);
        size -= sizeof(word);

        uint64_t name_room = ALIGN_UP((uint64_t)word[0], 4), value_room = ALIGN_UP((uint64_t)word[1], 4);
        if (name_room > size || word[1] > size - name_room)
            return true;
        struct elf_note n = {
            .name = (const char *)e->file + offset,
            .name_size = word[0],
            .type = word[2],
            .value = e->file + offset + name_room,
            .value_size = word[1],
        };
        if (!fn(&n, arg))
            return false;
        uint64_t step = MIN(name_room + value_room, size); /* the last value's padding may be missing */
        offset += step;
        size -= step;
    }
    return true;
}

void elf_for_each_note(const struct elf_image *e, bool (*fn)(const struct elf_note *n, void *arg), void *arg)
{
    bool found = false;

    for (unsigned int i = 0; i < e->phnum; i++) {
        struct elf64_program_header h = program_header(e, i);
        if (h.type != PT_NOTE)
            continue;
        found = true;
        if (!notes_in(e, h.offset, h.filesz, fn, arg))
            return;
    }
    for (unsigned int i = 0; !found && i < e->shnum; i++) {
        struct elf64_section_header h = section_header(e, i);
        if (h.type == SHT_NOTE && !notes_in(e, h.offset, h.size, fn, arg))
            return;
    }
}
