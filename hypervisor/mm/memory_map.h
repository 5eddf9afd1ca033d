/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's memory map as firmware tells it (E820), sorted, without overlaps. Filled while booting, then constant.
 */
#ifndef HAVEN_MM_MEMORY_MAP_H
#define HAVEN_MM_MEMORY_MAP_H

#include "lib/types.h"

enum memory_type { MEMORY_RAM = 1, MEMORY_RESERVED, MEMORY_ACPI, MEMORY_NVS, MEMORY_UNUSABLE };

struct memory_region {
    uint64_t start, size;
    uint32_t type; /* enum memory_type: E820 numbers */
};

#define MEMORY_REGIONS_MAX 128

struct memory_map {
    unsigned int count;
    struct memory_region region[MEMORY_REGIONS_MAX];
};

extern struct memory_map memory_map;

/* Pure: adds a region; on overlap the less usable type wins. Keeps order, merges neighbours. -ENOMEM when full. */
int memory_map_add(struct memory_map *m, uint64_t start, uint64_t size, uint32_t type);
uint64_t memory_map_ram_end(const struct memory_map *m);
uint64_t memory_map_ram_size(const struct memory_map *m);

#endif
