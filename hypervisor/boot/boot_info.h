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
    paddr_t rsdp;             /* 0: search */
    /* the text mode or frame buffer that dom0 is told about (dom0_vga_console_info) */
    struct { bool text; uint16_t columns, rows, cursor_x, cursor_y; } vga;
};

extern struct boot_info boot_info;

#endif
