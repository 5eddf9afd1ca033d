/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps a guest to its own addresses: nftables rules in the bridge family, in one table for each interface, which drop
 * what comes from it with another MAC or, if it has IP addresses given, another sender.
 */
#ifndef HAVEN_PV_DRIVERS_MANAGER_ANTISPOOF_H
#define HAVEN_PV_DRIVERS_MANAGER_ANTISPOOF_H

#include "libhv/failure.h"

#include <stddef.h>
#include <stdint.h>

struct antispoof {
    unsigned domid, id;
    const char *interface, *addresses; /* IPv4 and IPv6 with blanks between; "": any */
    uint8_t mac[6];
};

/* The rules as text for nft; pure. -1: an address is none, or there is no room. */
int antispoof_format(const struct antispoof *a, char *text, size_t room, struct failure *failure);

int antispoof_apply(const struct antispoof *a, struct failure *failure);
void antispoof_remove(unsigned domid, unsigned id);

#endif
