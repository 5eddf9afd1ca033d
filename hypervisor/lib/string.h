/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory and string functions that the compiler and the code expect, by their standard names. The macros let the
 * compiler expand short copies of known size in place, which a freestanding build does not do for the plain names.
 */
#ifndef HAVEN_LIB_STRING_H
#define HAVEN_LIB_STRING_H

#ifdef HAVEN_HOSTED
#include <string.h>
#else
#include <stddef.h>
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
/* Only while booting, as nothing else needs them. */
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

#define memcpy(d, s, n)  __builtin_memcpy((d), (s), (n))
#define memmove(d, s, n) __builtin_memmove((d), (s), (n))
#define memset(d, c, n)  __builtin_memset((d), (c), (n))
#define memcmp(a, b, n)  __builtin_memcmp((a), (b), (n))
#define strlen(s)        __builtin_strlen(s)
#define strcmp(a, b)     __builtin_strcmp((a), (b))
#endif

/* Copies with truncation; the result always ends in NUL. Returns strlen(src). */
size_t string_copy(char *dst, const char *src, size_t size);

#endif
