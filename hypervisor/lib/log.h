/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Console log. A message is one line without its newline. It is prefixed "(HV) " and handed to the sink, which keeps it
 * in the console ring and, by level (option loglvl=), shows it on the serial line. Safe in any context, NMI included:
 * no state and no lock here, and the sink only tries its lock there. Formats: see lib/format.h.
 */
#ifndef HAVEN_LIB_LOG_H
#define HAVEN_LIB_LOG_H

#include "lib/compiler.h"
#include "lib/types.h"
#include <stdarg.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_at(enum log_level level, const char *fmt, ...) __printf(2, 3);

#define log_error(...)   log_at(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_at(LOG_DEBUG, __VA_ARGS__)

/* Complaints that a guest can provoke at will: rate-limited, prefixed with domain and vCPU; shown by guest_loglvl=. */
void log_guest(const char *fmt, ...) __printf(1, 2);

/* Set by platform/console.c: takes a whole line, prefix and newline included. 'guest': shown by guest_loglvl=. */
extern void (*log_sink)(enum log_level level, bool guest, const char *line, size_t size);

/* Set from above: writes who the current guest is ("d1v0") and returns the length; nanoseconds since boot. */
extern size_t (*log_guest_name)(char *buf, size_t size);
extern uint64_t (*log_clock)(void);

#endif
