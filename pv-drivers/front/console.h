/* SPDX-License-Identifier: MIT
 *
 * The guest's console: two byte rings in a page that the domain builder lent to the console daemon, and an event
 * channel. A guest that is not dom0 prints there once console_open was called (before, and in dom0, through the
 * hypervisor).
 */
#ifndef FRONT_CONSOLE_H
#define FRONT_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

bool console_open(void); /* false: this domain has none */
/* A line without its end, at most size - 1 bytes of it. false: none in time. */
bool console_read_line(char *line, size_t size, unsigned milliseconds);

#endif
