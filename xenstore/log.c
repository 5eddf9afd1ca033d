/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See log.h. */
#include "xenstore/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

static bool use_syslog, verbose_lines;
static FILE *trace_file;

void log_line(enum log_level level, const char *format, ...)
{
    static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
    va_list ap;

    if (level == LOG_LEVEL_DEBUG && !verbose_lines)
        return;
    va_start(ap, format);
    if (use_syslog) {
        vsyslog(priorities[level], format, ap);
    } else {
        fputs("xenstored: ", stderr);
        vfprintf(stderr, format, ap);
        fputc('\n', stderr);
    }
    va_end(ap);
}

void log_to_syslog(void)
{
    openlog("xenstored", LOG_PID, LOG_DAEMON);
    use_syslog = true;
}

void log_set_verbose(bool verbose)
{
    verbose_lines = verbose;
}

bool log_trace_open(const char *path)
{
    FILE *file = fopen(path, "ae");
    if (!file)
        return false;
    log_trace_close();
    setvbuf(file, NULL, _IOLBF, 0);
    trace_file = file;
    return true;
}

void log_trace_close(void)
{
    if (trace_file)
        fclose(trace_file);
    trace_file = NULL;
}

bool log_tracing(void)
{
    return trace_file != NULL;
}

void log_trace(const char *format, ...)
{
    va_list ap;

    if (!trace_file)
        return;
    va_start(ap, format);
    vfprintf(trace_file, format, ap);
    va_end(ap);
}

void log_trace_message(const char *direction, const void *who, const char *type, const char *payload, unsigned length)
{
    char when[32];
    time_t now = time(NULL);
    struct tm tm;

    if (!trace_file)
        return;
    strftime(when, sizeof(when), "%Y%m%d %H:%M:%S", localtime_r(&now, &tm));
    fprintf(trace_file, "%s %p %s %s (", direction, who, when, type);
    for (unsigned i = 0; i < length; i++)
        fputc(payload[i] ? payload[i] : ' ', trace_file);
    fputs(")\n", trace_file);
}
