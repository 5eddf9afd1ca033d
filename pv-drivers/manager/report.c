/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See report.h. Texts may hold what a guest or a file's name says: control characters do not reach the log. */
#include "manager/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#define LINE_MAX_BYTES 700

static bool in_background;

void report_to_syslog(void)
{
    openlog("hvdriverd", LOG_PID, LOG_DAEMON);
    in_background = true;
}

static void put_line(char *line)
{
    char stamp[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    if (in_background) {
        syslog(LOG_NOTICE, "%s", line);
        return;
    }
    if (gmtime_r(&now, &utc))
        strftime(stamp, sizeof(stamp), "%FT%TZ ", &utc);
    fprintf(stderr, "%shvdriverd: %s\n", stamp, line);
}

void report(const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    put_line(line);
}

void report_device(const struct device *d, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    int n = snprintf(line, sizeof(line), "domain %u %s %u: ", d->domid, d->kind->name, d->id);
    va_start(args, format);
    vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
    va_end(args);
    put_line(line);
}
