/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAVEN_PLATFORM_SYMBOLS_H
/* Names of functions by address (table made at link time), register dumps and back traces. */
#define HAVEN_PLATFORM_SYMBOLS_H

#include "cpu/regs.h"

/* The table itself, in order of address: name of entry i, NULL beyond the last one. */
uint32_t symbols_entries(void);
const char *symbols_entry(uint32_t i, uint64_t *addr);

/* Prints a register frame, and the frames of the hypervisor's stack above rbp. */
void symbols_dump_regs(const struct cpu_regs *r);
void symbols_backtrace(uint64_t rbp);

#endif
