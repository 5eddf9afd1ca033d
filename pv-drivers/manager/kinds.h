/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of devices there are, and which folders of the store are served. */
#ifndef HAVEN_PV_DRIVERS_MANAGER_KINDS_H
#define HAVEN_PV_DRIVERS_MANAGER_KINDS_H

#include "manager/device_kind.h"

#define KINDS_BACKEND "/local/domain/0/backend"

/* A folder below KINDS_BACKEND. A kind has its own ("haven-vbd"), and with --serve the kernel's ("vbd") as well. */
struct served_folder {
    const char *name;
    const struct device_kind *kind;
};

#define KINDS_FOLDERS_MAX 8

/* All kinds' own folders; their number. */
unsigned kinds_list(struct served_folder folders[KINDS_FOLDERS_MAX]);
/* Adds the kernel's folders that a list ("vbd,vif") names; the new number, or -1 if it names another. */
int kinds_add_kernel_folders(struct served_folder folders[KINDS_FOLDERS_MAX], unsigned count, const char *names);

#endif
