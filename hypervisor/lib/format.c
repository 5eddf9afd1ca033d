/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted printing into a buffer of known size. A conversion that is not known is printed as it stands. */
#include "lib/format.h"
#include "lib/types.h"

struct output {
    char *buf;
    size_t size, length; /* length goes on counting behind the end of the buffer */
};

struct spec {
    bool left, zero, alternate, wide;
    int width, precision; /* precision -1: none given */
};

static void put(struct output *o, char c)
{
    if (o->length + 1 < o->size)
        o->buf[o->length] = c;
    o->length++;
}

static void put_times(struct output *o, char c, int n)
{
    while (n-- > 0)
        put(o, c);
}

/* A field of n characters behind a prefix (sign or "0x"), which zeros come behind and blanks before. */
static void put_field(struct output *o, const struct spec *s, const char *prefix, const char *text, int n)
{
    int fill = s->width - n;

    for (const char *p = prefix; *p; p++)
        fill--;
    if (!s->left && !s->zero)
        put_times(o, ' ', fill);
    while (*prefix)
        put(o, *prefix++);
    if (!s->left && s->zero)
        put_times(o, '0', fill);
    for (int i = 0; i < n; i++)
        put(o, text[i]);
    if (s->left)
        put_times(o, ' ', fill);
}

static void put_text(struct output *o, const struct spec *s, const char *text)
{
    int n = 0;

    if (!text)
        text = "(null)";
    while ((s->precision < 0 || n < s->precision) && text[n])
        n++;
    put_field(o, s, "", text, n);
}

static void put_number(struct output *o, const struct spec *s, const char *prefix, uint64_t value, unsigned int base)
{
    char text[20]; /* digits of 2^64 - 1 */
    int at = sizeof(text);

    do {
        text[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    put_field(o, s, prefix, text + at, (int)sizeof(text) - at);
}

static int parse_number(const char **fmt)
{
    int n = 0;
    while (**fmt >= '0' && **fmt <= '9' && n < 10000)
        n = n * 10 + (*(*fmt)++ - '0');
    return n;
}

/* What stands between '%' and the conversion. */
static struct spec parse_spec(const char **fmt)
{
    struct spec s = {.precision = -1};

    for (; **fmt == '-' || **fmt == '0' || **fmt == '#'; (*fmt)++) {
        s.left |= **fmt == '-';
        s.zero |= **fmt == '0';
        s.alternate |= **fmt == '#';
    }
    s.width = parse_number(fmt);
    if (**fmt == '.') {
        (*fmt)++;
        s.precision = parse_number(fmt);
    }
    for (; **fmt == 'l' || **fmt == 'z'; (*fmt)++)
        s.wide = true;
    return s;
}

int format_string_va(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct output o = {.buf = buf, .size = size};

    while (*fmt) {
        const char *start = fmt;
        struct spec s;
        int64_t v;
        uint64_t u;
        char c;

        if (*fmt++ != '%') {
            put(&o, *start);
            continue;
        }
        s = parse_spec(&fmt);
        switch (*fmt) {
        case 'd':
            v = s.wide ? va_arg(ap, long) : va_arg(ap, int);
            put_number(&o, &s, v < 0 ? "-" : "", v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10);
            break;
        case 'u':
        case 'x':
            u = s.wide ? va_arg(ap, unsigned long) : va_arg(ap, unsigned int);
            put_number(&o, &s, *fmt == 'x' && s.alternate && u ? "0x" : "", u, *fmt == 'x' ? 16 : 10);
            break;
        case 'p':
            put_number(&o, &s, "0x", (uint64_t)va_arg(ap, void *), 16);
            break;
        case 's':
            put_text(&o, &s, va_arg(ap, const char *));
            break;
        case 'c':
            c = (char)va_arg(ap, int);
            put_field(&o, &s, "", &c, 1);
            break;
        case '%':
            put(&o, '%');
            break;
        default:
            while (start < fmt)
                put(&o, *start++);
            continue;
        }
        fmt++;
    }
    if (size)
        buf[o.length < size ? o.length : size - 1] = '\0';
    return (int)o.length;
}

int format_string(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = format_string_va(buf, size, fmt, ap);
    va_end(ap);
    return n;
}
