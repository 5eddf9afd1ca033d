/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See report.h. Lines on stderr carry the time, as nobody else adds it. */
#include "hvd/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

static bool in_background;

void report_to_syslog(void)
{
    openlog("hvd", LOG_PID, LOG_DAEMON);
    in_background = true;
}

void report(const char *format, ...)
{
    char line[600], stamp[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (in_background) {
        syslog(LOG_NOTICE, "%s", line);
        return;
    }
    if (gmtime_r(&now, &utc))
        strftime(stamp, sizeof(stamp), "%FT%TZ ", &utc);
    fprintf(stderr, "%shvd: %s\n", stamp, line);
}
