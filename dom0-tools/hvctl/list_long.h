/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvctl list -l: what a domain is, as JSON with the member names of xl list -l. */
#ifndef HAVEN_HVCTL_LIST_LONG_H
#define HAVEN_HVCTL_LIST_LONG_H

#include "hvctl/command.h"

/* c's hypervisor is open; without a store the members that come from there are missing. */
void list_print_long(struct command *c, const domain_info *list, int n);

#endif
