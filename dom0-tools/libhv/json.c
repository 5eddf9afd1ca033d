/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See json.h. The text goes out byte by byte; the only state is the depth and whether a comma is due. */
#include "libhv/json.h"

#include <inttypes.h>
#include <string.h>

/* Length of the valid UTF-8 sequence at s (Unicode 15, table 3-7: no overlong forms, no surrogates), 0 if it is none.
 */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
                    : s[0] >= 0xe0 && s[0] <= 0xef ? 3
                    : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                   : 0;
    if (!length || length > n)
        return 0;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static void put_control(FILE *out, unsigned char c)
{
    static const char names[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (c < sizeof(names) && names[c])
        fprintf(out, "\\%c", names[c]);
    else
        fprintf(out, "\\u%04x", c);
}

static void put_string(FILE *out, const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    putc('"', out);
    for (size_t i = 0; i < n;) {
        size_t length = utf8_length(s + i, n - i);
        if (!length)
            fputs("\\ufffd", out);
        else if (length > 1)
            fwrite(s + i, 1, length, out);
        else if (s[i] < 0x20 || s[i] == 0x7f)
            put_control(out, s[i]);
        else if (s[i] == '"' || s[i] == '\\')
            fprintf(out, "\\%c", s[i]);
        else
            putc(s[i], out);
        i += length ? length : 1;
    }
    putc('"', out);
}

static void new_line(struct json *j)
{
    if (!j->lines)
        fprintf(j->out, "\n%*s", (int)(2 * j->depth), "");
}

/* What stands before a value: comma, line, key. */
static void start(struct json *j, const char *key)
{
    if (j->has_value && j->depth)
        fputs(j->lines ? ", " : ",", j->out);
    if (j->depth)
        new_line(j);
    if (key) {
        put_string(j->out, key, strlen(key));
        fputs(": ", j->out);
    }
    j->has_value = true;
}

/* What stands behind one: a top-level value ends its line. */
static void finish(struct json *j)
{
    if (!j->depth)
        putc('\n', j->out);
}

static void container_begin(struct json *j, const char *key, char c)
{
    start(j, key);
    putc(c, j->out);
    j->depth++;
    j->has_value = false;
}

static void container_end(struct json *j, char c)
{
    j->depth--;
    if (j->has_value)
        new_line(j);
    putc(c, j->out);
    j->has_value = true;
    finish(j);
}

void json_init(struct json *j, FILE *out, bool lines)
{
    *j = (struct json){.out = out, .lines = lines};
}

void json_object_begin(struct json *j, const char *key)
{
    container_begin(j, key, '{');
}

void json_object_end(struct json *j)
{
    container_end(j, '}');
}

void json_array_begin(struct json *j, const char *key)
{
    container_begin(j, key, '[');
}

void json_array_end(struct json *j)
{
    container_end(j, ']');
}

void json_bytes(struct json *j, const char *key, const char *bytes, size_t n)
{
    start(j, key);
    put_string(j->out, bytes, n);
    finish(j);
}

void json_text(struct json *j, const char *key, const char *text)
{
    if (text) {
        json_bytes(j, key, text, strlen(text));
        return;
    }
    start(j, key);
    fputs("null", j->out);
    finish(j);
}

void json_unsigned(struct json *j, const char *key, uint64_t value)
{
    start(j, key);
    fprintf(j->out, "%" PRIu64, value);
    finish(j);
}

void json_signed(struct json *j, const char *key, int64_t value)
{
    start(j, key);
    fprintf(j->out, "%" PRId64, value);
    finish(j);
}

void json_seconds(struct json *j, const char *key, uint64_t nanoseconds)
{
    start(j, key);
    fprintf(j->out, "%" PRIu64 ".%09" PRIu64, nanoseconds / 1000000000, nanoseconds % 1000000000);
    finish(j);
}

void json_boolean(struct json *j, const char *key, bool value)
{
    start(j, key);
    fputs(value ? "true" : "false", j->out);
    finish(j);
}
