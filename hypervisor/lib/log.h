/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Console log. Each line is prefixed "(HV) " and goes to the console ring and, by level (option loglvl=), to the serial
 * line. Safe in any context, NMI included (a try-lock is used there). Formats: the usual d u x s c p with flags, width,
 * precision, l, ll, z.
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

#endif
