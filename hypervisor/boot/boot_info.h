/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot loader handed over, in one form for all protocols. Copied out of the loader's memory before anything is
 * allocated, so that its structures need no protection; modules are kept where they are until dom0 is built.
 */
#ifndef HAVEN_BOOT_BOOT_INFO_H
#define HAVEN_BOOT_BOOT_INFO_H

#include "lib/types.h"

#define BOOT_MODULES_MAX 8

struct boot_module {
    paddr_t start;
    uint64_t size;
    char command_line[2048]; /* without the file name (first word) */
};

struct boot_info {
    const char *loader;
    char command_line[2048];
    unsigned int module_count;
    struct boot_module module[BOOT_MODULES_MAX];
    paddr_t rsdp; /* 0: search */
    /* the text mode that dom0 is told about (dom0_vga_console_info) */
    struct {
        bool text;
        uint16_t columns, rows, cursor_x, cursor_y;
    } vga;
};

extern struct boot_info boot_info;

/*
 * Fills boot_info and memory_map from what the loader left at 'info' (below 4 GiB; boot tables). NULL, or what is
 * wrong.
 * Nothing is logged: the console is not up before the command line is known.
 */
const char *boot_info_init(uint32_t magic, paddr_t info);

#endif
