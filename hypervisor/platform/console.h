/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's console: a ring of the last 128 KiB of everything logged and written by guests (CONSOLEIO_write,
 * sysctl readconsole), and the serial line (com1, com2). Input goes to dom0 (VIRQ_CONSOLE), three times Ctrl-A switches
 * it to the debug keys and back.
 */
#ifndef HAVEN_PLATFORM_CONSOLE_H
#define HAVEN_PLATFORM_CONSOLE_H

#include "lib/types.h"

void console_init_early(
    const char *com_option); /* polling output, before memory management: "com1" or "com1=115200,8n1,..." */
/* ISA interrupt of the serial line, -1: none (boot/start.c binds console_serial_interrupt to it). */
int console_serial_irq(void);
void console_serial_interrupt(unsigned int irq, void *arg);
/* The I/O ports of the serial line, which no domain may touch. False: there is none. */
bool console_serial_ports(uint16_t *first, uint16_t *last);
void console_set_levels(const char *loglvl, const char *guest_loglvl);

/* Raw bytes to ring and serial line (no prefix). */
void console_write(const char *s, size_t n);
/* Bytes typed for dom0; returns how many were taken. */
size_t console_read(char *buf, size_t n);
/* Ring contents from *position (advanced), for readconsole. */
size_t console_ring_read(uint32_t *position, char *buf, size_t n);
void console_ring_clear(void);
/* Panic: output by polling, locks are broken. */
void console_force(void);

/* Set by event layer: input came. */
extern void (*console_input_hook)(void);

/* Debug keys: one character, a line of help, a function run in softirq context. */
struct debug_key {
    char key;
    const char *what;
    void (*fn)(void);
};
void debug_key_register(const struct debug_key *k);
void debug_key_run(char key);
/* Set by boot/start.c: defers debug_key_run to a softirq of this CPU. */
extern void (*debug_key_defer)(char key);

#endif
