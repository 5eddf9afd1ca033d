/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypervisor command line (pure parser). Known options are one table in boot/options.c; each names a variable. An
 * unknown option is reported and ignored. Sizes take K, M, G suffixes.
 */
#ifndef HAVEN_LIB_OPTION_H
#define HAVEN_LIB_OPTION_H

#include "lib/types.h"

/* Takes the next blank-separated word of *line into word (truncated to size). False at the end of the line. */
bool option_next_word(const char **line, char *word, size_t size);

/* "512M" and the like, as bytes; end points behind what was read. No digits: *end == s. */
uint64_t option_parse_size(const char *s, const char **end);

#endif
