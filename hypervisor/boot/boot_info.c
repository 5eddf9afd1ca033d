/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot 0.6.96 and Multiboot 2 (2.0) information structures, read through the direct map of the boot tables: all
 * of it lies below 4 GiB. The loader is trusted, but lengths are still kept within what we hold.
 */
#include "boot/boot_info.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "mm/memory_map.h"

#define MULTIBOOT1 0x2badb002
#define MULTIBOOT2 0x36d76289

struct boot_info boot_info;
static char loader_name[64];
static bool memory_map_full;
static uint8_t rsdp_copy[36] __aligned_(16); /* multiboot 2 hands out the structure itself */

/* Multiboot 1: flags say which fields are valid. */
#define MB1_MEMORY  (1u << 0)
#define MB1_CMDLINE (1u << 2)
#define MB1_MODULES (1u << 3)
#define MB1_MAP     (1u << 6)
#define MB1_LOADER  (1u << 9)

struct mb1_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
    uint32_t symbols[4];
    uint32_t mmap_length, mmap_addr, drives_length, drives_addr, config_table, boot_loader_name;
};
_Static_assert(offsetof(struct mb1_info, mmap_length) == 44, "multiboot 3.3");
_Static_assert(offsetof(struct mb1_info, boot_loader_name) == 64, "multiboot 3.3");

struct mb1_module {
    uint32_t start, end, string, reserved;
};

struct mb1_range {
    uint32_t size; /* of what follows */
    uint64_t base, length;
    uint32_t type;
} __packed;
_Static_assert(sizeof(struct mb1_range) == 24, "multiboot 3.3");

/* Multiboot 2: a list of tags, each padded to 8 bytes. */
enum mb2_tag_type {
    MB2_END = 0,
    MB2_CMDLINE = 1,
    MB2_LOADER = 2,
    MB2_MODULE = 3,
    MB2_MAP = 6,
    MB2_ACPI_OLD = 14,
    MB2_ACPI_NEW = 15
};

struct mb2_tag {
    uint32_t type, size; /* the header included */
};

struct mb2_module {
    struct mb2_tag tag;
    uint32_t start, end;
    char string[];
};

struct mb2_map {
    struct mb2_tag tag;
    uint32_t entry_size, entry_version;
    uint8_t entries[];
};

struct mb2_range {
    uint64_t base, length;
    uint32_t type, reserved;
};

static void add_range(uint64_t base, uint64_t length, uint32_t type)
{
    if (length == 0 || base + length < base)
        return;
    if (type < MEMORY_RAM || type > MEMORY_UNUSABLE)
        type = MEMORY_RESERVED;
    if (memory_map_add(&memory_map, base, length, type))
        memory_map_full = true;
}

/*
 * Loaders put the file's name first, with two exceptions: GRUB 2 leaves it out; and as GRUB's boot entries are written
 * for both, they may begin with the word "placeholder", which options.c passes over.
 */
static bool loader_gives_file_name(void)
{
    return strncmp(loader_name, "GRUB ", 5) != 0 || loader_name[5] == '0';
}

static void copy_command_line(char *out, size_t size, const char *line)
{
    while (*line == ' ')
        line++;
    if (loader_gives_file_name())
        while (*line && *line != ' ')
            line++;
    while (*line == ' ')
        line++;
    string_copy(out, line, size);
}

static void add_module(uint32_t start, uint32_t end, const char *string)
{
    struct boot_module *m = &boot_info.module[boot_info.module_count];

    if (boot_info.module_count == BOOT_MODULES_MAX || end < start)
        return;
    m->start = start;
    m->size = end - start;
    copy_command_line(m->command_line, sizeof(m->command_line), string);
    boot_info.module_count++;
}

static const char *read_multiboot1(paddr_t at)
{
    const struct mb1_info *mb = direct_map(at);

    if (mb->flags & MB1_LOADER)
        string_copy(loader_name, direct_map(mb->boot_loader_name), sizeof(loader_name));
    if (mb->flags & MB1_CMDLINE)
        copy_command_line(boot_info.command_line, sizeof(boot_info.command_line), direct_map(mb->cmdline));
    if (mb->flags & MB1_MODULES) {
        const struct mb1_module *m = direct_map(mb->mods_addr);
        for (uint32_t i = 0; i < mb->mods_count; i++)
            add_module(m[i].start, m[i].end, m[i].string ? direct_map(m[i].string) : "");
    }
    if (mb->flags & MB1_MAP) {
        struct mb1_range r;
        for (uint32_t done = 0; done + sizeof(r) <= mb->mmap_length; done += r.size + (uint32_t)sizeof(r.size)) {
            memcpy(&r, direct_map(mb->mmap_addr + done), sizeof(r));
            add_range(r.base, r.length, r.type);
        }
    } else if (mb->flags & MB1_MEMORY) {
        add_range(0, KIB(mb->mem_lower), MEMORY_RAM);
        add_range(MIB(1), KIB(mb->mem_upper), MEMORY_RAM);
    }
    return NULL;
}

static void read_multiboot2_map(const struct mb2_map *map)
{
    if (map->entry_size < sizeof(struct mb2_range))
        return;
    for (uint32_t at = sizeof(*map); at + map->entry_size <= map->tag.size; at += map->entry_size) {
        struct mb2_range r;
        memcpy(&r, (const char *)map + at, sizeof(r));
        add_range(r.base, r.length, r.type);
    }
}

static void read_multiboot2_tag(const struct mb2_tag *tag)
{
    const char *text = (const char *)(tag + 1);

    switch (tag->type) {
    case MB2_CMDLINE:
        copy_command_line(boot_info.command_line, sizeof(boot_info.command_line), text);
        break;
    case MB2_MODULE: {
        const struct mb2_module *m = (const struct mb2_module *)tag;
        add_module(m->start, m->end, m->string);
        break;
    }
    case MB2_MAP:
        read_multiboot2_map((const struct mb2_map *)tag);
        break;
    case MB2_ACPI_OLD:
    case MB2_ACPI_NEW: /* comes after the old one, and is the better of two */
        memcpy(rsdp_copy, text, MIN(tag->size - sizeof(*tag), sizeof(rsdp_copy)));
        boot_info.rsdp = image_phys(rsdp_copy);
        break;
    default:
        break;
    }
}

static const struct mb2_tag *next_tag(const struct mb2_tag *tag)
{
    return (const struct mb2_tag *)((const char *)tag + ALIGN_UP((uint64_t)tag->size, 8));
}

static const char *read_multiboot2(paddr_t at)
{
    const struct mb2_tag *first = direct_map(at + 8);
    const void *end = direct_map(at + *(const uint32_t *)direct_map(at));

    /* The loader's name decides how command lines are read: it comes first. */
    for (const struct mb2_tag *t = first; (const void *)t < end && t->type != MB2_END && t->size >= 8; t = next_tag(t))
        if (t->type == MB2_LOADER)
            string_copy(loader_name, (const char *)(t + 1), sizeof(loader_name));
    for (const struct mb2_tag *t = first; (const void *)t < end && t->type != MB2_END && t->size >= 8; t = next_tag(t))
        read_multiboot2_tag(t);
    return NULL;
}

/* BIOS data area: mode 3 is 80x25 colour text. dom0's console goes on where the BIOS's cursor stands. */
static void read_text_mode(void)
{
    const uint8_t *bda = direct_map(0x400);

    if ((bda[0x49] & 0x7f) != 3)
        return;
    boot_info.vga.text = true;
    boot_info.vga.columns = (uint16_t)(bda[0x4a] | bda[0x4b] << 8);
    boot_info.vga.rows = bda[0x84] ? bda[0x84] + 1 : 25;
    boot_info.vga.cursor_x = bda[0x50];
    boot_info.vga.cursor_y = bda[0x51];
}

const char *boot_info_init(uint32_t magic, paddr_t info)
{
    const char *wrong = "not started by a multiboot loader";

    string_copy(loader_name, "an unknown loader", sizeof(loader_name));
    boot_info.loader = loader_name;
    if (magic == MULTIBOOT1)
        wrong = read_multiboot1(info);
    else if (magic == MULTIBOOT2)
        wrong = read_multiboot2(info);
    if (wrong)
        return wrong;
    read_text_mode();
    if (memory_map_full)
        return "the memory map has more regions than can be kept";
    return memory_map.count ? NULL : "the boot loader gave no memory map";
}
