/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See value.h.  The escapes are those of xenstore-read and xenstore-write: \t \n \r \\, three octal digits for bytes
 * below 010 and \xNN for the others; read back, up to three octal or two hexadecimal digits count.
 */
#include "cli/value.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    char byte, letter;
} letters[] = {{'\t', 't'}, {'\n', 'n'}, {'\r', 'r'}, {'\\', '\\'}};

#define LETTERS (sizeof(letters) / sizeof(letters[0]))

static size_t escape_byte(char *to, unsigned char byte)
{
    for (size_t i = 0; i < LETTERS; i++) {
        if (byte != letters[i].byte)
            continue;
        to[0] = '\\';
        to[1] = letters[i].letter;
        return 2;
    }
    if (byte >= ' ' && byte <= '~') {
        to[0] = (char)byte;
        return 1;
    }
    return (size_t)sprintf(to, byte < 010 ? "\\%03o" : "\\x%02x", byte);
}

char *value_escape(const char *bytes, size_t length)
{
    if (length >= SIZE_MAX / 4)
        return NULL;
    char *text = malloc(4 * length + 1);
    if (!text)
        return NULL;
    size_t used = 0;
    for (size_t i = 0; i < length; i++)
        used += escape_byte(text + used, (unsigned char)bytes[i]);
    text[used] = 0;
    return text;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Up to max digits; without any, the letter that led here stands for itself. */
static const char *unescape_number(const char *text, int base, int max, char *byte)
{
    unsigned int value = 0;

    for (int i = 0; i < max && digit(*text) < base; i++)
        value = value * (unsigned int)base + (unsigned int)digit(*text++);
    *byte = (char)value;
    return text;
}

/* Behind a backslash; returns what follows the escape. */
static const char *unescape_one(const char *text, char *byte)
{
    for (size_t i = 0; i < LETTERS; i++) {
        if (*text == letters[i].letter) {
            *byte = letters[i].byte;
            return text + 1;
        }
    }
    if (digit(*text) < 8)
        return unescape_number(text, 8, 3, byte);
    if (*text == 'x' && digit(text[1]) < 16)
        return unescape_number(text + 1, 16, 2, byte);
    *byte = *text;
    return *text ? text + 1 : text;
}

char *value_unescape(const char *text, size_t *length)
{
    char *bytes = malloc(strlen(text) + 1);

    if (!bytes)
        return NULL;
    char *to = bytes;
    while (*text) {
        if (*text != '\\')
            *to++ = *text++;
        else
            text = unescape_one(text + 1, to++);
    }
    *to = 0;
    *length = (size_t)(to - bytes);
    return bytes;
}
