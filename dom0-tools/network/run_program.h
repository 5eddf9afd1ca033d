/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a program that does what the kernel offers to nobody else in short words (nft, dnsmasq). */
#ifndef HAVEN_NETWORK_RUN_PROGRAM_H
#define HAVEN_NETWORK_RUN_PROGRAM_H

#include "libhv/failure.h"

/* Runs argv[0] (found in PATH, /usr/sbin, /sbin) with input on its stdin (NULL: none) and waits for its end. Returns
 * its exit status; -1 with the reason if it cannot be run: package says what to install. What it prints on stderr goes
 * into *failure, with its exit status other than 0. */
int run_program(const char *const *argv, const char *input, const char *package, struct failure *failure);

#endif
