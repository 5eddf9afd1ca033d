/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See failure.h. */
#include "libhv/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void format_text(struct failure *f, const char *format, va_list args)
{
    vsnprintf(f->text, sizeof(f->text), format, args);
}

int failure_set(struct failure *f, const char *format, ...)
{
    va_list args;

    if (f->text[0])
        return -1;
    va_start(args, format);
    format_text(f, format, args);
    va_end(args);
    return -1;
}

int failure_errno(struct failure *f, const char *format, ...)
{
    int error = errno;
    va_list args;

    if (f->text[0])
        return -1;
    va_start(args, format);
    format_text(f, format, args);
    va_end(args);
    size_t n = strlen(f->text);
    snprintf(f->text + n, sizeof(f->text) - n, ": %s", strerror(error));
    errno = error;
    return -1;
}
