/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dom0's first page tables. Only while booting. */
#ifndef HAVEN_BOOT_DOM0_TABLES_H
#define HAVEN_BOOT_DOM0_TABLES_H

#include "boot/dom0_layout.h"
#include "boot/dom0_memory.h"

/*
 * Writes the tables into dom0's own frames, where the layout places them. They are plain data until the guest's own
 * rules (guest/pv/page_type.c) validate them by a pin. Returns the top-level table.
 */
mfn_t dom0_tables_build(const struct dom0_layout *l, const struct dom0_memory *m);

#endif
