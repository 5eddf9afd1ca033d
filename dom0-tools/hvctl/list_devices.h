/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of a domain in hvctl list -l: members "disks" and "nics" of xl list -l, and the states of both ends. */
#ifndef HAVEN_HVCTL_LIST_DEVICES_H
#define HAVEN_HVCTL_LIST_DEVICES_H

#include "libhv/json.h"

#include <xenstore.h>

/* Nothing without devices, as xl. */
void list_print_devices(struct xs_handle *xs, struct json *j, unsigned domid);

#endif
