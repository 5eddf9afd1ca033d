/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store's log for fuzzing: nothing is written, lines are only formatted. */
#include "xenstore/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_line(enum log_level level, const char *format, ...)
{
    char line[512];
    va_list ap;
    (void)level;

    va_start(ap, format);
    vsnprintf(line, sizeof(line), format, ap);
    va_end(ap);
}

bool log_tracing(void)
{
    return false;
}
bool log_trace_open(const char *path)
{
    (void)path;
    return false;
}
void log_trace_close(void) {}
void log_trace_message(const char *direction, const void *who, const char *type, const char *payload, unsigned length)
{
    (void)direction, (void)who, (void)type, (void)payload, (void)length;
}
