/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's console page with any bytes in it, and what becomes of its output: it is bounded, the log that it is
 * written to never shows a line that only the daemon can write, and taken apart again gives what the guest printed.
 *
 * build: -iquote dom0-tools dom0-tools/hvconsoled/ring.c dom0-tools/hvconsoled/log_format.c
 * build: dom0-tools/hvconsoled/backlog.c
 */
#include "hvconsoled/backlog.h"
#include "hvconsoled/log_format.h"
#include "hvconsoled/ring.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

static void check_log(const char *out, size_t size, size_t cut)
{
    struct timespec when = {.tv_sec = 1795000000, .tv_nsec = 123456789};
    struct log_reader reader = {.state = LOG_READER_START};
    char *log = malloc(LOG_FORMAT_MAX(size) + 1), *back = malloc(LOG_FORMAT_MAX(size) + 1);
    bool line_start = true;
    size_t first = size ? cut % (size + 1) : 0;
    size_t length = log_format(out, first, &when, &line_start, log);

    length += log_format(out + first, size - first, &when, &line_start, log + length);
    check(length <= LOG_FORMAT_MAX(size));
    for (size_t i = 0; i + 4 <= length; i++)
        if (i == 0 || log[i - 1] == '\n')
            check(memcmp(log + i, LOG_NOTE, 4) != 0);
    size_t at = length ? cut % (length + 1) : 0;
    size_t got = log_reader_feed(&reader, log, at, back);
    got += log_reader_feed(&reader, log + at, length - at, back + got);
    check(got == size && memcmp(back, out, size) == 0);
    free(back);
    free(log);
}

static void check_backlog(const char *out, size_t size, size_t cut)
{
    static struct backlog b;
    const char *piece;
    size_t total = b.size + size;
    size_t lost = backlog_put(&b, out, size);

    check(b.size + lost == total && b.size <= BACKLOG_SIZE && b.start < BACKLOG_SIZE);
    size_t got = backlog_peek(&b, &piece);
    check(got <= b.size && (got > 0 || b.size == 0) && piece + got <= b.data + BACKLOG_SIZE);
    backlog_drop(&b, cut);
}

/* The input is a page, in which what is missing is zero, and then a number for where to cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xencons_interface *ring = calloc(1, sizeof(*ring));
    char out[RING_OUTPUT], in[] = "typed in at a terminal";
    uint32_t next = 0;
    size_t cut = size > sizeof(*ring) ? data[sizeof(*ring)] * 37u : size;

    /* The indices first: most inputs are short. */
    size_t indices = sizeof(*ring) - offsetof(struct xencons_interface, in_cons);
    size_t part = size < indices ? size : indices;
    memcpy(&ring->in_cons, data, part);
    size_t rest = size - part;
    memcpy(ring->out, data + part, rest < sizeof(ring->out) ? rest : sizeof(ring->out));

    int got = ring_output(ring, out, &next);
    check(got >= -1 && got <= (int)RING_OUTPUT);
    if (got >= 0) {
        check_log(out, (size_t)got, cut);
        check_backlog(out, (size_t)got, cut);
        ring_consume(ring, next);
        check(ring_output(ring, out, &next) == 0);
    }
    int room = ring_room(ring);
    int put = ring_input(ring, in, sizeof(in));
    check(room >= -1 && room <= (int)RING_INPUT && (room < 0) == (put < 0));
    if (room >= 0)
        check(put == (room < (int)sizeof(in) ? room : (int)sizeof(in)) && ring_room(ring) == room - put);
    free(ring);
    return 0;
}
