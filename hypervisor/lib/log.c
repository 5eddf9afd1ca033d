/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The formatting half of the log. A line is made on the caller's stack, so that any context may log, and given to the
 * sink in one piece, so that lines of several CPUs do not mix.
 *
 * Guests' complaints are limited by a bucket of tokens: a burst is shown, a flood is cut to a few lines each second and
 * a count of what was dropped. The bucket is only roughly exact when CPUs race; it never lets a flood through.
 */
#include "lib/log.h"
#include "lib/format.h"
#include "lib/string.h"

#define LINE_SIZE         400
#define GUEST_BURST       32
#define GUEST_INTERVAL_NS 100000000LL /* one more line each 100 ms */

void (*log_sink)(enum log_level level, bool guest, const char *line, size_t size);
size_t (*log_guest_name)(char *buf, size_t size);
uint64_t (*log_clock)(void);

/* Appends the formatted text behind 'used' bytes, ends the line with exactly one newline, sends it. */
static void log_line(enum log_level level, bool guest, char *line, size_t used, const char *fmt, va_list ap)
{
    if (!log_sink)
        return;

    int wanted = format_string_va(line + used, LINE_SIZE - 1 - used, fmt, ap);
    if (wanted > 0)
        used += MIN((size_t)wanted, LINE_SIZE - 2 - used);
    if (line[used - 1] != '\n')
        line[used++] = '\n';
    log_sink(level, guest, line, used);
}

void log_at(enum log_level level, const char *fmt, ...)
{
    char line[LINE_SIZE] = "(HV) ";
    va_list ap;

    va_start(ap, fmt);
    log_line(level, false, line, 5, fmt, ap);
    va_end(ap);
}

static bool log_guest_allowed(unsigned int *dropped)
{
    static uint64_t last;
    static unsigned int tokens = GUEST_BURST, suppressed;
    uint64_t now = log_clock ? log_clock() : 0;
    int64_t passed = (int64_t)(now - __atomic_load_n(&last, __ATOMIC_RELAXED)); /* another CPU may be ahead */
    unsigned int have = __atomic_load_n(&tokens, __ATOMIC_RELAXED);

    if (passed >= GUEST_INTERVAL_NS) {
        have = (unsigned int)MIN(have + (uint64_t)passed / GUEST_INTERVAL_NS, (uint64_t)GUEST_BURST);
        __atomic_store_n(&last, now, __ATOMIC_RELAXED);
        __atomic_store_n(&tokens, have, __ATOMIC_RELAXED);
    }
    while (have && !__atomic_compare_exchange_n(&tokens, &have, have - 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
    if (!have) {
        __atomic_fetch_add(&suppressed, 1, __ATOMIC_RELAXED);
        return false;
    }
    *dropped = __atomic_exchange_n(&suppressed, 0, __ATOMIC_RELAXED);
    return true;
}

void log_guest(const char *fmt, ...)
{
    char line[LINE_SIZE] = "(HV) ";
    size_t used = 5;
    unsigned int dropped = 0;
    va_list ap;

    if (!log_guest_allowed(&dropped))
        return;
    if (log_guest_name)
        used += log_guest_name(line + used, 24);
    line[used++] = ' ';
    if (dropped)
        used += (size_t)format_string(line + used, 40, "[%u lines dropped] ", dropped);

    va_start(ap, fmt);
    log_line(LOG_WARNING, true, line, used, fmt, ap);
    va_end(ap);
}
