/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted printing into a buffer of known size. A conversion that is not known is printed as it stands. */
#include "lib/format.h"
#include "lib/types.h"

struct output {
    char *buf;
    size_t size, length; /* length goes on counting behind the end of the buffer */
};

struct spec {
    bool left, zero, plus, space, alternate;
    int width, precision; /* precision -1: none given */
    unsigned int bytes;   /* of an integer argument */
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

static void put_text(struct output *o, const struct spec *s, const char *text)
{
    int n = 0;

    if (!text)
        text = "(null)";
    while ((s->precision < 0 || n < s->precision) && text[n])
        n++;
    if (!s->left)
        put_times(o, ' ', s->width - n);
    for (int i = 0; i < n; i++)
        put(o, text[i]);
    if (s->left)
        put_times(o, ' ', s->width - n);
}

/* prefix: sign or "0x", up to two characters. */
static void put_number(struct output *o, const struct spec *s, uint64_t value, unsigned int base, bool upper,
                       const char *prefix)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    int n = 0, zeros, prefix_length = 0;

    for (; value; value /= base)
        text[n++] = digits[value % base];
    while (prefix[prefix_length])
        prefix_length++;

    zeros = (s->precision < 0 ? 1 : s->precision) - n;
    if (zeros < 0)
        zeros = 0;
    if (s->zero && !s->left && s->precision < 0 && s->width > prefix_length + n + zeros)
        zeros = s->width - prefix_length - n;

    int blanks = s->width - prefix_length - zeros - n;
    if (!s->left)
        put_times(o, ' ', blanks);
    for (int i = 0; i < prefix_length; i++)
        put(o, prefix[i]);
    put_times(o, '0', zeros);
    while (n)
        put(o, text[--n]);
    if (s->left)
        put_times(o, ' ', blanks);
}

static int parse_number(const char **fmt)
{
    int n = 0;
    while (**fmt >= '0' && **fmt <= '9' && n < 10000)
        n = n * 10 + (*(*fmt)++ - '0');
    return n;
}

static void parse_flags(const char **fmt, struct spec *s)
{
    for (;; (*fmt)++) {
        switch (**fmt) {
        case '-':
            s->left = true;
            break;
        case '0':
            s->zero = true;
            break;
        case '+':
            s->plus = true;
            break;
        case ' ':
            s->space = true;
            break;
        case '#':
            s->alternate = true;
            break;
        default:
            return;
        }
    }
}

static void parse_size(const char **fmt, struct spec *s)
{
    s->bytes = sizeof(int);
    if (**fmt == 'z' || **fmt == 't' || **fmt == 'j') {
        s->bytes = 8;
        (*fmt)++;
        return;
    }
    for (; **fmt == 'l'; (*fmt)++)
        s->bytes = 8;
    for (; **fmt == 'h'; (*fmt)++)
        s->bytes /= 2;
}

static uint64_t truncate_unsigned(uint64_t v, unsigned int bytes)
{
    return bytes >= 8 ? v : v & ((1ULL << (8 * bytes)) - 1);
}

static int64_t truncate_signed(uint64_t v, unsigned int bytes)
{
    unsigned int shift = 64 - 8 * bytes;
    return (int64_t)(v << shift) >> shift;
}

static void put_signed(struct output *o, const struct spec *s, uint64_t raw)
{
    int64_t v = truncate_signed(raw, s->bytes);
    const char *sign = v < 0 ? "-" : s->plus ? "+" : s->space ? " " : "";

    put_number(o, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, false, sign);
}

static void put_unsigned(struct output *o, const struct spec *s, uint64_t raw, char conversion)
{
    uint64_t v = truncate_unsigned(raw, s->bytes);
    unsigned int base = conversion == 'u' ? 10 : conversion == 'o' ? 8 : 16;
    const char *prefix = s->alternate && v && base == 16 ? (conversion == 'X' ? "0X" : "0x") : "";

    put_number(o, s, v, base, conversion == 'X', prefix);
}

int format_string_va(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct output o = {.buf = buf, .size = size};

    while (*fmt) {
        const char *start = fmt;
        struct spec s = {.precision = -1};

        if (*fmt != '%') {
            put(&o, *fmt++);
            continue;
        }
        fmt++;
        parse_flags(&fmt, &s);
        if (*fmt == '*') {
            fmt++;
            s.width = va_arg(ap, int);
            if (s.width < 0) {
                s.left = true;
                s.width = -s.width;
            }
        } else {
            s.width = parse_number(&fmt);
        }
        if (*fmt == '.') {
            fmt++;
            if (*fmt == '*') {
                fmt++;
                s.precision = va_arg(ap, int);
            } else {
                s.precision = parse_number(&fmt);
            }
        }
        parse_size(&fmt, &s);

        switch (*fmt) {
        case 'd':
        case 'i':
            put_signed(&o, &s, s.bytes == 8 ? (uint64_t)va_arg(ap, long) : (uint64_t)va_arg(ap, int));
            break;
        case 'u':
        case 'o':
        case 'x':
        case 'X':
            put_unsigned(&o, &s, s.bytes == 8 ? va_arg(ap, unsigned long) : va_arg(ap, unsigned int), *fmt);
            break;
        case 'p':
            s.bytes = 8;
            s.alternate = true;
            put_unsigned(&o, &s, (uint64_t)va_arg(ap, void *), 'x');
            break;
        case 's':
            put_text(&o, &s, va_arg(ap, const char *));
            break;
        case 'c': {
            char text[2] = {(char)va_arg(ap, int), 0};
            s.precision = -1;
            put_text(&o, &s, text);
            break;
        }
        case '%':
            put(&o, '%');
            break;
        default:
            for (; start < fmt; start++)
                put(&o, *start);
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
