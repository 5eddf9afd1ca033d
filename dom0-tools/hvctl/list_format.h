/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a domain looks in lists: pure, so that the columns can be tested. */
#ifndef HAVEN_HVCTL_LIST_FORMAT_H
#define HAVEN_HVCTL_LIST_FORMAT_H

#include "libhv/domain.h"

#include <stdio.h>

#define LIST_STATE_SIZE 7

/* xl's six letters: running, blocked, paused, shut down, crashed, dying; '-' for what it is not. */
void list_format_state(const domain_info *info, char state[LIST_STATE_SIZE]);

/* MiB that it has or claimed, as xl's column Mem counts them. */
uint64_t list_memory_mib(const domain_info *info);

struct list_columns {
    bool verbose, label, cpupool, numa;
};

void list_print_header(FILE *out, const struct list_columns *columns);
void list_print_line(FILE *out, const struct list_columns *columns, const domain_info *info, const char *name);

/* "0:01:09", with "D days, " before it; short form "0:01". */
#define LIST_UPTIME_SIZE 40
void list_format_uptime(uint64_t seconds, bool brief, char text[LIST_UPTIME_SIZE]);

#endif
