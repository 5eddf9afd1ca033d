/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See failure.h. */
#include "libhv/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The first text stays: what goes wrong while a failure is undone must not hide it. False: there is one already. */
static bool format_first(struct failure *f, const char *format, va_list args)
{
    if (f->text[0])
        return false;
    vsnprintf(f->text, sizeof(f->text), format, args);
    return true;
}

int failure_set(struct failure *f, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    format_first(f, format, args);
    va_end(args);
    return -1;
}

int failure_errno(struct failure *f, const char *format, ...)
{
    int error = errno;
    va_list args;

    va_start(args, format);
    if (format_first(f, format, args)) {
        size_t n = strlen(f->text);
        snprintf(f->text + n, sizeof(f->text) - n, ": %s", strerror(error));
    }
    va_end(args);
    errno = error;
    return -1;
}
