/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stdin as a raw terminal, given back as it was however the program ends: by returning, by exit(), or by a signal
 * that can be caught.
 */
#ifndef HAVEN_HVCTL_RAW_TERMINAL_H
#define HAVEN_HVCTL_RAW_TERMINAL_H

#include <stdbool.h>

/* Whether stdin is a terminal, and raw now. Once in a program. */
bool raw_terminal_begin(void);
void raw_terminal_end(void);
/* A signal asked the program to end (its number), or 0. System calls are interrupted by it. */
int raw_terminal_signal(void);

#endif
