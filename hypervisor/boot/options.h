/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's command line. Pure; options.c has the table of what there is. */
#ifndef HAVEN_BOOT_OPTIONS_H
#define HAVEN_BOOT_OPTIONS_H

#include "lib/types.h"

struct memory_amount {
    bool given;
    bool all_but; /* "-SIZE": that much less than there is */
    uint64_t bytes;
};

struct boot_options {
    char console[64];        /* console=com1,vga: wishes in order */
    char com1[64], com2[64]; /* com1=115200,8n1,... */
    char loglvl[32], guest_loglvl[32];
    struct memory_amount dom0_mem, dom0_mem_min, dom0_mem_max;
    unsigned int dom0_max_vcpus_min, dom0_max_vcpus; /* 0: one per CPU */
    bool noreboot, nosmp;
};

/*
 * Reads the whole line; later options win. complain is told each word that is unknown or makes no sense (it is ignored
 * then); may be NULL.
 */
void options_parse(const char *line, struct boot_options *o, void (*complain)(const char *what, const char *word));

/* What console_init_early wants: "com1=115200,8n1" for the first serial line in console=; "com1" if nothing is said. */
void options_serial_line(const struct boot_options *o, char *out, size_t size);

#endif
