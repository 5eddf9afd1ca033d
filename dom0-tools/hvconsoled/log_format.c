/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvconsoled/log_format.h"
#include <stdio.h>
#include <string.h>

#define NAME_LENGTH_MAX 200 /* of a guest, in the name of its log */

void log_path(const char *dir, const char *name, char path[PATH_MAX])
{
    char safe[NAME_LENGTH_MAX + 1];
    size_t length = 0;

    for (; name[length] && length < NAME_LENGTH_MAX; length++) {
        unsigned char c = (unsigned char)name[length];

        safe[length] = c == '/' || c < ' ' || c == 0x7f || (c == '.' && length == 0) ? '_' : (char)c;
    }
    safe[length] = '\0';
    snprintf(path, PATH_MAX, "%s/%s.log", dir, safe);
}

void log_format_time(const struct timespec *when, char out[LOG_TIME_LENGTH + 1])
{
    struct tm tm;
    char text[64] = "0000-00-00 00:00:00";

    if (localtime_r(&when->tv_sec, &tm))
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(out, LOG_TIME_LENGTH + 1, "%.19s.%03u", text, (unsigned int)(when->tv_nsec / 1000000) % 1000);
}

size_t log_format(const char *data, size_t size, const struct timespec *when, bool *line_start, char *out)
{
    char stamp[LOG_STAMP_LENGTH + 1], *at = out;

    stamp[0] = '[';
    log_format_time(when, stamp + 1);
    memcpy(stamp + 1 + LOG_TIME_LENGTH, "] ", 3);
    for (size_t i = 0; i < size; i++) {
        if (*line_start && data[i] != '\r') {
            memcpy(at, stamp, LOG_STAMP_LENGTH);
            at += LOG_STAMP_LENGTH;
            *line_start = false;
        }
        *at++ = data[i];
        if (data[i] == '\n')
            *line_start = true;
    }
    return (size_t)(at - out);
}

static void start_line(struct log_reader *reader, char c)
{
    reader->stamp_left = LOG_STAMP_LENGTH;
    reader->state = c == '[' ? LOG_READER_STAMP : c == LOG_NOTE[0] ? LOG_READER_NOTE : LOG_READER_TEXT;
}

size_t log_reader_feed(struct log_reader *reader, const char *data, size_t size, char *out)
{
    size_t length = 0;

    for (size_t i = 0; i < size; i++) {
        char c = data[i];

        if (reader->state == LOG_READER_START && c != '\r')
            start_line(reader, c);
        if (reader->state == LOG_READER_START || reader->state == LOG_READER_TEXT)
            out[length++] = c;
        if (reader->state == LOG_READER_STAMP && --reader->stamp_left == 0)
            reader->state = LOG_READER_TEXT;
        else if (c == '\n')
            reader->state = LOG_READER_START;
    }
    return length;
}
