/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command of hvctl: one function each, in cmd_NAME.c; main.c has the table. */
#ifndef HAVEN_HVCTL_COMMAND_H
#define HAVEN_HVCTL_COMMAND_H

#include "libhv/hypervisor.h"
#include <stdbool.h>

/* Exit codes, xl's. */
enum { COMMAND_OK = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };

/* argv[0] is the command's name; options common to all (--json) are taken out already. */
int cmd_debug_keys(struct hypervisor *hv, int argc, char **argv, bool json);
int cmd_dmesg(struct hypervisor *hv, int argc, char **argv, bool json);
int cmd_info(struct hypervisor *hv, int argc, char **argv, bool json);

/* Prints bytes as a JSON string with its quotes; what is not UTF-8 or printable is escaped. */
void json_print_string(const char *s, size_t n);

/* "hvctl: what: reason of errno", and what to do about it where that is known. Returns COMMAND_FAILED. */
int command_error(const char *what);

#endif
