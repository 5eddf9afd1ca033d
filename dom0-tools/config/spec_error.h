/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with the specification of a device, and where in its text. */
#ifndef HAVEN_CONFIG_SPEC_ERROR_H
#define HAVEN_CONFIG_SPEC_ERROR_H

#include <stdarg.h>
#include <stddef.h>

struct spec_error {
    unsigned int string; /* which of several strings, from 0 */
    size_t at;           /* bytes into it */
    char text[200];
};

/* The reason, by printf. */
void spec_error_set(struct spec_error *error, unsigned int string, size_t at, const char *format, va_list args);

#endif
