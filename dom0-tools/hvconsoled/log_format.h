/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The form of a console log. Every line of the guest begins with a stamp of fixed length,
 *
 *     [2026-11-22 11:15:00.123] Linux version 6.1.0 ...
 *
 * and the daemon's own lines, which a guest can't forge since its lines have stamps, begin with "=== ":
 *
 *     === 2026-11-22 11:15:00.123 begin domain 5 (UUID) ===
 *
 * The bytes of the guest are as it printed them. A carriage return at the start of a line stands before the stamp, for
 * it would make a terminal print over it. Pure: writing and taking apart, no files.
 */
#ifndef HAVEN_HVCONSOLED_LOG_FORMAT_H
#define HAVEN_HVCONSOLED_LOG_FORMAT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define LOG_NOTE         "=== "
#define LOG_NOTE_BEGIN   " begin domain " /* in the note that begins the life of a domain */
#define LOG_TIME_LENGTH  23               /* "2026-11-22 11:15:00.123" */
#define LOG_STAMP_LENGTH (LOG_TIME_LENGTH + 3)

/* What size bytes of a guest can become at most, with a zero. */
#define LOG_FORMAT_MAX(size) ((size) * (LOG_STAMP_LENGTH + 1) + 1)

/* The path of the log for a guest's name; what can't be in a file's name is replaced. */
void log_path(const char *dir, const char *name, char path[PATH_MAX]);

void log_format_time(const struct timespec *when, char out[LOG_TIME_LENGTH + 1]);

/* Puts stamps into the guest's bytes. *line_start says whether a line starts with the next byte, from call to call.
 * Returns the length. */
size_t log_format(const char *data, size_t size, const struct timespec *when, bool *line_start, char *out);

/* Takes a log apart again, in pieces of any size. Zeroed at first, at the start of a line. */
struct log_reader {
    enum { LOG_READER_START, LOG_READER_STAMP, LOG_READER_TEXT, LOG_READER_NOTE } state;
    unsigned int stamp_left;
};

/* Writes the guest's bytes among data to out, which has room for size. Returns how many. */
size_t log_reader_feed(struct log_reader *reader, const char *data, size_t size, char *out);

#endif
