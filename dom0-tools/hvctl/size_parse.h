/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts of memory on the command line, as xl takes them: "512" (MiB), "512m", "1g", "1t", "524288k", "536870912b". */
#ifndef HAVEN_HVCTL_SIZE_PARSE_H
#define HAVEN_HVCTL_SIZE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* In KiB, rounded up; false if the text is no amount or does not fit. */
bool size_parse_kib(const char *text, uint64_t *kib);

#endif
