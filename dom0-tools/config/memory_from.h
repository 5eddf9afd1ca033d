/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_from: who gives a new guest the memory that is not free. Pure. */
#ifndef HAVEN_CONFIG_MEMORY_FROM_H
#define HAVEN_CONFIG_MEMORY_FROM_H

enum memory_from { MEMORY_FROM_AUTO, MEMORY_FROM_FREE, MEMORY_FROM_DOM0, MEMORY_FROM_GUESTS };

/* "auto", "free", "dom0", "guests", as in a configuration; -1: no such word. */
int memory_from_parse(const char *word, enum memory_from *from);
const char *memory_from_name(enum memory_from from);
/* What AUTO means on a host, as xl's autoballoon="auto": dom0 gives, unless its size was fixed when the host booted. */
enum memory_from memory_from_resolve(enum memory_from from, const char *hypervisor_command_line);

#endif
