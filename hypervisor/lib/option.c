/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words and numbers of a command line. */
#include "lib/option.h"
#include "lib/compiler.h"

static bool __init is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool __init option_next_word(const char **line, char *word, size_t size)
{
    const char *s = *line;
    size_t n = 0;

    while (is_blank(*s))
        s++;
    if (!*s) {
        *line = s;
        return false;
    }
    for (; *s && !is_blank(*s); s++) {
        if (n + 1 < size)
            word[n++] = *s;
    }
    if (size)
        word[n] = '\0';
    *line = s;
    return true;
}

static unsigned int __init digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned int)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned int)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned int)(c - 'A') + 10;
    return 99;
}

static unsigned int __init suffix_shift(char c)
{
    switch (c) {
    case 'b':
    case 'B':
        return 0;
    case 'k':
    case 'K':
        return 10;
    case 'm':
    case 'M':
        return 20;
    case 'g':
    case 'G':
        return 30;
    case 't':
    case 'T':
        return 40;
    default:
        return 99;
    }
}

/* A number too large for 64 bits becomes the largest: "more than any machine has". */
uint64_t __init option_parse_size(const char *s, const char **end)
{
    const char *p = s;
    unsigned int base = 10;
    uint64_t value = 0;

    *end = s;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && digit_value(p[2]) < 16) {
        base = 16;
        p += 2;
    }
    for (; digit_value(*p) < base; p++) {
        if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit_value(*p), &value))
            value = ~0ULL / base; /* stays beyond: the next digit overflows again */
        *end = p + 1;
    }
    if (*end == s)
        return 0;

    unsigned int shift = suffix_shift(*p);
    if (shift == 99)
        return value;
    *end = p + 1;
    return value > ~0ULL >> shift ? ~0ULL : value << shift;
}
