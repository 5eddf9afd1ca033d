/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of one guest's console: DIR/NAME.log, appended to by guests of that name one after the other, kept after
 * their death, and rotated by size to NAME.log.1, .2 and so on. A log that can't be written is told about once; the
 * console goes on.
 */
#ifndef HAVEN_HVCONSOLED_LOG_FILE_H
#define HAVEN_HVCONSOLED_LOG_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct log_options {
    const char *dir;
    size_t rotate_size; /* bytes */
    unsigned int keep;  /* old files */
};

struct log_file {
    const struct log_options *options;
    char path[PATH_MAX];
    int fd; /* -1: closed, or could not be opened */
    size_t size;
    bool line_start;
    bool failed; /* told about it */
};

/* Logs that could not be opened are tried again at each write. */
void log_file_open(struct log_file *log, const struct log_options *options, const char *name);
void log_file_write(struct log_file *log, const char *data, size_t size);
/* A line of the daemon's own. */
void log_file_note(struct log_file *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_file_close(struct log_file *log);

#endif
