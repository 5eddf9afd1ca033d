/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bridge over a NIC: guests are in the NIC's own network. The NIC's addresses and routes move to the bridge in an
 * order that leaves no moment without a way out, and that can be begun again wherever it was stopped.
 */
#ifndef HAVEN_NETWORK_BRIDGE_NIC_H
#define HAVEN_NETWORK_BRIDGE_NIC_H

#include "network/addresses.h"
#include "network/links.h"

/* Finds the bridge or makes it, and brings it up. *made: it was made. 0, or -1 with the reason. */
int bridge_make(struct netlink *n, const char *name, struct link *bridge, bool *made, struct failure *failure);
/* Puts the NIC into the bridge. *moved: how many addresses moved. */
int bridge_take_nic(struct netlink *n, struct link *bridge, const char *nic, unsigned *moved, struct failure *failure);
/* Takes it out again and gives it back the bridge's addresses and routes. */
int bridge_give_nic_back(struct netlink *n, const struct link *bridge, const struct link *nic, struct failure *failure);

#endif
