/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded formatted printing (pure). Returns the length that was wanted, like the C library's functions. Conversions
 * d u x p s c %, flags "-0#", width, precision of text, sizes l ll z.
 */
#ifndef HAVEN_LIB_FORMAT_H
#define HAVEN_LIB_FORMAT_H

#include "lib/compiler.h"
#include <stdarg.h>
#include <stddef.h>

int format_string(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int format_string_va(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);

#endif
