/* SPDX-License-Identifier: MIT
 *
 * What each micro-guest includes: console, cases and verdict, and the parts of the small PV library.
 *
 * A guest is one file: a story at the top, GUEST("name"), and guest_main(), which goes through its cases with the check
 * functions and returns.  The library then prints the verdict and stops the machine.  Verdicts: pass; failure (the
 * hypervisor is wrong); skip (the machine cannot show it); error (the test itself broke).
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypercall.h"

#define GUEST(name) const char guest_name[] = name
extern const char guest_name[];
void guest_main(void);

/* Given by the hypervisor at start. */
extern struct start_info *start_info;
extern struct shared_info *shared_info;
const char *guest_cmdline(void);
uint64_t guest_option(const char *name, uint64_t otherwise); /* the number behind name ("seed=") there */

/* console.c */
void console_write(const char *text, size_t length);
extern void (*console_output)(const char *text, size_t length); /* set by a driver: where the text goes instead */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int snprintf(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* report.c: each check is one case, printed as "ok NAME" or "not ok NAME: why", and returns whether it held. */
bool check(const char *name, bool held);
bool check_eq(const char *name, long got, long want);
bool check_hex(const char *name, uint64_t got, uint64_t want);
bool check_one_of(const char *name, long got, long want1, long want2);
bool check_range(const char *name, long got, long low, long high);
bool check_error(const char *name, long got); /* any negative errno */
void case_failed(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
void case_ok(const char *name);
/* A name with numbers in it, valid until the next call. */
const char *case_name(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The hypervisor still answers: one cheap hypercall with a known result. */
void check_alive(const char *after);
void report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_skip(const char *why) __attribute__((noreturn));
void report_error(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void report_finish(void) __attribute__((noreturn));

/* string.c */
void *memset(void *to, int byte, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strstr(const char *text, const char *part);

static inline uint64_t rdtsc(void)
{
    uint32_t low, high;

    asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
    return low | (uint64_t)high << 32;
}

#define barrier()     asm volatile("" ::: "memory")
#define mb()          asm volatile("mfence" ::: "memory")
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
