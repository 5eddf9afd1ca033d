/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rotation renames from the highest number down, each step atomic: a daemon that is killed in between has lost nothing,
 * and the next one goes on.
 */
#include "hvconsoled/log_file.h"
#include "hvconsoled/log_format.h"
#include "hvconsoled/report.h"
#include "hvconsoled/ring.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_WAIT 16384 /* how much longer a file may become until its last line ends */

static void complain(struct log_file *log, const char *what)
{
    if (!log->failed)
        report("%s %s: %s; its output is not logged", what, log->path, strerror(errno));
    log->failed = true;
}

/* Whether the file ends with a whole line, to which carriage returns may have been added. */
static bool ends_with_line(int fd, off_t size)
{
    char tail[64];
    off_t from = size > (off_t)sizeof(tail) ? size - (off_t)sizeof(tail) : 0;
    ssize_t length = pread(fd, tail, sizeof(tail), from);

    while (length > 0 && tail[length - 1] == '\r')
        length--;
    return length <= 0 || tail[length - 1] == '\n';
}

static void open_path(struct log_file *log)
{
    struct stat st;

    log->fd = open(log->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (log->fd < 0 || fstat(log->fd, &st) != 0) {
        complain(log, "can't open");
        log_file_close(log);
        return;
    }
    log->size = (size_t)st.st_size;
    log->line_start = ends_with_line(log->fd, st.st_size);
}

void log_file_open(struct log_file *log, const struct log_options *options, const char *name)
{
    *log = (struct log_file){.options = options, .fd = -1};
    log_path(options->dir, name, log->path);
    open_path(log);
}

void log_file_close(struct log_file *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}

static void rotate(struct log_file *log)
{
    char from[PATH_MAX + 16], to[PATH_MAX + 16];

    for (unsigned int i = log->options->keep; i > 0; i--) {
        snprintf(from, sizeof(from), i > 1 ? "%s.%u" : "%s", log->path, i - 1);
        snprintf(to, sizeof(to), "%s.%u", log->path, i);
        if (rename(from, to) != 0 && errno != ENOENT)
            complain(log, "can't rotate");
    }
    if (log->options->keep == 0)
        unlink(log->path);
    log_file_close(log);
    open_path(log);
}

static void append(struct log_file *log, const char *data, size_t size)
{
    while (log->fd >= 0 && size > 0) {
        ssize_t written = write(log->fd, data, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            complain(log, "can't write");
            return;
        }
        log->size += (size_t)written;
        data += written;
        size -= (size_t)written;
    }
    if (log->fd >= 0)
        log->failed = false;
}

static bool is_full(const struct log_file *log)
{
    return log->fd >= 0 && log->size >= log->options->rotate_size;
}

/* Before something is formatted: opens the file, or a new one when it is full. That starts with a line. */
static void prepare(struct log_file *log)
{
    if (log->fd < 0)
        open_path(log);
    if (!is_full(log) || (!log->line_start && log->size < log->options->rotate_size + LINE_MAX_WAIT))
        return;
    if (!log->line_start)
        append(log, "\n", 1);
    rotate(log);
}

/* How much to write at once: into a file that is full only the rest of its last line. */
static size_t piece_of(const struct log_file *log, const char *data, size_t size)
{
    const char *end;

    if (size > RING_OUTPUT)
        size = RING_OUTPUT;
    if (!is_full(log) || log->line_start)
        return size;
    end = memchr(data, '\n', size);
    return end ? (size_t)(end - data) + 1 : size;
}

void log_file_write(struct log_file *log, const char *data, size_t size)
{
    static char text[LOG_FORMAT_MAX(RING_OUTPUT)];
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    while (size > 0) {
        prepare(log);
        size_t piece = piece_of(log, data, size);

        append(log, text, log_format(data, piece, &now, &log->line_start, text));
        data += piece;
        size -= piece;
    }
}

void log_file_note(struct log_file *log, const char *format, ...)
{
    char text[512], stamp[LOG_TIME_LENGTH + 1];
    struct timespec now;
    va_list args;

    prepare(log);
    clock_gettime(CLOCK_REALTIME, &now);
    log_format_time(&now, stamp);
    int length = snprintf(text, sizeof(text), "%s" LOG_NOTE "%s ", log->line_start ? "" : "\n", stamp);
    va_start(args, format);
    length += vsnprintf(text + length, sizeof(text) - (size_t)length, format, args);
    va_end(args);
    if ((size_t)length > sizeof(text) - 6)
        length = sizeof(text) - 6;
    length += snprintf(text + length, sizeof(text) - (size_t)length, " ===\n");
    append(log, text, (size_t)length);
    log->line_start = true;
}
