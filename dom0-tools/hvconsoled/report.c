/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvconsoled/report.h"
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

static bool to_syslog;

void report_to_syslog(bool yes)
{
    to_syslog = yes;
    if (yes)
        openlog("hvconsoled", LOG_PID, LOG_DAEMON);
}

void report(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (to_syslog) {
        vsyslog(LOG_WARNING, format, args);
    } else {
        fputs("hvconsoled: ", stderr);
        vfprintf(stderr, format, args);
        fputc('\n', stderr);
    }
    va_end(args);
}
