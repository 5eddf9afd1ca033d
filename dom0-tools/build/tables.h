/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's first page tables, at the place that the layout gives them. Pure: memory comes from a function. */
#ifndef HAVEN_BUILD_TABLES_H
#define HAVEN_BUILD_TABLES_H

#include "boot/dom0_layout.h"
#include <xen/xen.h>

struct tables_memory {
    const xen_pfn_t *p2m;
    uint64_t *(*table)(void *context, uint64_t pfn); /* where the (zeroed) page can be written */
    void *context;
};

void tables_write(const struct dom0_layout *l, const struct tables_memory *m);

#endif
