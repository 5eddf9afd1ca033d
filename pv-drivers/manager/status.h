/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvdriverd --status: what the store, the counters and the list of processes say; the daemon itself is not asked. */
#ifndef HAVEN_PV_DRIVERS_MANAGER_STATUS_H
#define HAVEN_PV_DRIVERS_MANAGER_STATUS_H

#include <stdbool.h>
#include <stdio.h>

/* The exit status. */
int status_print(FILE *out, bool json);

#endif
