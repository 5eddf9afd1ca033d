/* SPDX-License-Identifier: MIT
 *
 * Text output through console_io, or as a console driver says (console_output).  A line goes out in one hypercall, so
 * that lines of several vCPUs do not mix.
 */
#include <stdarg.h>

#include "guest.h"
#include "text.h"

void (*console_output)(const char *text, size_t length);

void console_write(const char *text, size_t length)
{
    if (console_output)
        console_output(text, length);
    else
        hv_console_io(CONSOLEIO_write, length, text);
}

struct out {
    char *at;
    size_t left, total;
};

static void put(struct out *out, char c)
{
    out->total++;
    if (out->left > 1) {
        *out->at++ = c;
        out->left--;
    }
}

static void put_number(struct out *out, uint64_t value, unsigned base, int width, char pad, bool negative)
{
    char digits[24];
    int n = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (negative && pad == '0')
        put(out, '-');
    for (int i = n + negative; i < width; i++)
        put(out, pad);
    if (negative && pad != '0')
        put(out, '-');
    while (n)
        put(out, digits[--n]);
}

static void put_string(struct out *out, const char *s, int width)
{
    int n = 0;

    for (; *s; s++, n++)
        put(out, *s);
    for (; n < width; n++)
        put(out, ' ');
}

/* %[-][0][width][l]{d,u,x,s,c,p,%}: enough for tests. */
int format_text(char *buffer, size_t size, const char *format, va_list args)
{
    struct out out = {buffer, size, 0};

    for (; *format; format++) {
        char pad = ' ';
        int width = 0;
        bool wide = false;

        if (*format != '%') {
            put(&out, *format);
            continue;
        }
        format++;
        if (*format == '-')
            format++;
        if (*format == '0')
            pad = '0';
        while (*format >= '0' && *format <= '9')
            width = width * 10 + (*format++ - '0');
        while (*format == 'l' || *format == 'z') {
            wide = true;
            format++;
        }
        if (*format == 'd') {
            long v = wide ? va_arg(args, long) : va_arg(args, int);

            put_number(&out, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, width, pad, v < 0);
        } else if (*format == 'u' || *format == 'x') {
            uint64_t v = wide ? va_arg(args, uint64_t) : va_arg(args, unsigned);

            put_number(&out, v, *format == 'u' ? 10 : 16, width, pad, false);
        } else if (*format == 'p') {
            put_number(&out, (uint64_t)va_arg(args, void *), 16, 16, '0', false);
        } else if (*format == 's') {
            put_string(&out, va_arg(args, const char *), width);
        } else if (*format == 'c') {
            put(&out, (char)va_arg(args, int));
        } else {
            put(&out, *format);
        }
    }
    if (size)
        *out.at = 0;
    return (int)out.total;
}

int printf(const char *format, ...)
{
    char line[512];
    va_list args;
    int n;

    va_start(args, format);
    n = format_text(line, sizeof line, format, args);
    va_end(args);
    console_write(line, strlen(line));
    return n;
}

int snprintf(char *out, size_t size, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = format_text(out, size, format, args);
    va_end(args);
    return n;
}
