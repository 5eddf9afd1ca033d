/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvdriverd --status: what the store, the counters and the list of processes say; the daemon itself is not asked. */
#ifndef HAVEN_PV_DRIVERS_MANAGER_STATUS_H
#define HAVEN_PV_DRIVERS_MANAGER_STATUS_H

#include "manager/kinds.h"

#include <stdbool.h>
#include <stdio.h>

/* The devices of these folders. The exit status. */
int status_print(FILE *out, bool json, const struct served_folder *folders, unsigned count);

#endif
