/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvctl/console_log.h"
#include "hvctl/write_all.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 16384

/* Whether a note of the daemon stands before the text at, in its line: LOG_NOTE and a time. */
static bool is_note(const char *data, const char *at)
{
    const size_t before = sizeof(LOG_NOTE) - 1 + LOG_TIME_LENGTH;

    if ((size_t)(at - data) < before)
        return false;
    const char *line = at - before;
    return memcmp(line, LOG_NOTE, sizeof(LOG_NOTE) - 1) == 0 && (line == data || line[-1] == '\n');
}

/* Where in the file the last boot begins; -1: not in this one. */
static off_t find_boot(int fd)
{
    struct stat st;
    off_t found = -1;

    if (fstat(fd, &st) != 0 || st.st_size == 0)
        return -1;
    const char *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED)
        return -1;
    const char *end = data + st.st_size;
    for (const char *at = data; (at = memmem(at, (size_t)(end - at), LOG_NOTE_BEGIN, sizeof(LOG_NOTE_BEGIN) - 1)); at++)
        if (is_note(data, at))
            found = at - data - (off_t)(sizeof(LOG_NOTE) - 1 + LOG_TIME_LENGTH);
    munmap((void *)data, (size_t)st.st_size);
    return found;
}

static int open_number(const struct console_log *log, unsigned number)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof(path), number ? "%s.%u" : "%s", log->path, number);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* Writes the rest of the newest file that is open. */
static int copy_rest(struct console_log *log, int out)
{
    char data[PIECE], text[PIECE];
    ssize_t size;

    while ((size = read(log->fd, data, sizeof(data))) > 0) {
        size_t length = log_reader_feed(&log->reader, data, (size_t)size, text);

        if (write_all(out, text, length) != 0)
            return -1;
    }
    return size < 0 ? -1 : 0;
}

static int next_file(struct console_log *log, unsigned number)
{
    int fd = open_number(log, number);

    if (fd < 0)
        return -1;
    console_log_close(log);
    log->fd = fd;
    log->reader = (struct log_reader){.state = LOG_READER_START};
    return 0;
}

int console_log_replay(struct console_log *log, const char *dir, const char *name, int out)
{
    unsigned number = 0;
    off_t boot = -1;
    int fd;

    log->fd = -1;
    log_path(dir, name, log->path);
    /* From the newest back, until the boot is found or there is no older one. */
    for (; (fd = open_number(log, number)) >= 0; number++) {
        boot = find_boot(fd);
        close(fd);
        if (boot >= 0)
            break;
    }
    if (boot < 0 && number == 0)
        return -1;
    if (boot < 0)
        number--;
    if (next_file(log, number) != 0 || (boot > 0 && lseek(log->fd, boot, SEEK_SET) < 0))
        return -1;
    while (copy_rest(log, out) == 0) {
        if (number-- == 0)
            return 0;
        if (next_file(log, number) != 0)
            return -1;
    }
    return -1;
}

int console_log_follow(struct console_log *log, int out)
{
    struct stat mine, newest;

    if (log->fd < 0)
        return 0;
    if (copy_rest(log, out) != 0)
        return -1;
    if (fstat(log->fd, &mine) != 0 || stat(log->path, &newest) != 0 || mine.st_ino == newest.st_ino)
        return 0;
    /* It was rotated: the rest of the old one, which has its last byte by now, then the new one. */
    if (copy_rest(log, out) != 0 || next_file(log, 0) != 0)
        return -1;
    return copy_rest(log, out);
}

void console_log_close(struct console_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}
