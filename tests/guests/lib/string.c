/* SPDX-License-Identifier: MIT
 *
 * The few functions of <string.h> that the compiler and the guests call.
 */
#include "guest.h"

void *memset(void *to, int byte, size_t n)
{
    void *at = to;

    asm volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(byte) : "memory");
    return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
    void *at = to;

    asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++)
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, (size_t)-1);
}

char *strstr(const char *text, const char *part)
{
    size_t n = strlen(part);

    for (; *text; text++)
        if (!strncmp(text, part, n))
            return (char *)(uintptr_t)text;
    return n ? NULL : (char *)(uintptr_t)text;
}
