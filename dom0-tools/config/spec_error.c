/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See spec_error.h. */
#include "config/spec_error.h"
#include <stdio.h>

void spec_error_set(struct spec_error *error, unsigned int string, size_t at, const char *format, va_list args)
{
    error->string = string;
    error->at = at;
    vsnprintf(error->text, sizeof(error->text), format, args);
}
