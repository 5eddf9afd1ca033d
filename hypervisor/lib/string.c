/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies and fills use the string instructions: eight bytes a step for the bulk, then the rest. Loops in C would be
 * turned back into calls of the very function they are in.
 */
#include "lib/string.h"
#include "lib/compiler.h"
#include "lib/types.h"

#ifndef HAVEN_HOSTED
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp

void *memcpy(void *dst, const void *src, size_t n)
{
    void *d = dst;
    size_t words = n / 8;

    __asm__ volatile("rep movsq" : "+D"(d), "+S"(src), "+c"(words) : : "memory");
    n &= 7;
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n) : : "memory");
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    if ((uintptr_t)dst - (uintptr_t)src >= n)
        return memcpy(dst, src, n);

    /* The destination begins inside the source: from the last byte down. */
    void *d = (char *)dst + n - 1;
    const void *s = (const char *)src + n - 1;
    __asm__ volatile("std\n\trep movsb\n\tcld" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    void *d = dst;
    uint64_t pattern = (uint8_t)c * 0x0101010101010101ULL;
    size_t words = n / 8;

    __asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
    n &= 7;
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(pattern) : "memory");
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (; n; n--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    for (const uint8_t *p = s; n; n--, p++) {
        if (*p == (uint8_t)c)
            return (void *)(uintptr_t)p;
    }
    return NULL;
}

size_t strnlen(const char *s, size_t max)
{
    const char *end = memchr(s, 0, max);
    return end ? (size_t)(end - s) : max;
}

size_t strlen(const char *s)
{
    return strnlen(s, ~0UL >> 1);
}

int __init strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++) {
        if (*a != *b || !*a)
            return (uint8_t)*a - (uint8_t)*b;
    }
    return 0;
}

int __init strcmp(const char *a, const char *b)
{
    return strncmp(a, b, ~0UL);
}

char *__init strchr(const char *s, int c)
{
    return memchr(s, c, strlen(s) + 1);
}

#endif

size_t string_copy(char *dst, const char *src, size_t size)
{
    size_t n = strlen(src);

    if (size) {
        size_t taken = MIN(n, size - 1);
        memcpy(dst, src, taken);
        dst[taken] = '\0';
    }
    return n;
}
