/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's log: stderr while in the foreground, syslog as a daemon; and a trace of all messages on demand. */
#ifndef HAVEN_XENSTORE_LOG_H
#define HAVEN_XENSTORE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Where lines go, and whether debug lines are wanted. */
void log_to_syslog(void);
void log_set_verbose(bool verbose);

/* The trace file: opened (appended to) when switched on. False with errno when it cannot be. */
bool log_trace_open(const char *path);
void log_trace_close(void);
bool log_tracing(void);
void log_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Payload with its zeros shown as blanks, after a trace line's beginning. */
void log_trace_message(const char *direction, const void *who, const char *type, const char *payload, unsigned length);

#endif
