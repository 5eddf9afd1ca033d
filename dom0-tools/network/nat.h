/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network of guests behind dom0's address: forwarding, masquerading by nftables (one table for each bridge), and
 * DHCP with DNS by dnsmasq, a daemon of its own whose pid file is in /run/haven. All of them can be done again: what is
 * there is left, or brought to what is asked.
 */
#ifndef HAVEN_NETWORK_NAT_H
#define HAVEN_NETWORK_NAT_H

#include "libhv/failure.h"
#include "network/subnet.h"

/* The rules as text for nft; pure. */
void nat_format(const char *bridge, const struct subnet *s, char *text, unsigned room);

int nat_masquerade(const char *bridge, const struct subnet *s, struct failure *failure);
/* Whether the rules are there: 1, 0; -1 with the reason, if nft is missing for instance. */
int nat_masquerades(const char *bridge, struct failure *failure);
int nat_masquerade_end(const char *bridge, struct failure *failure);
int nat_forward(struct failure *failure);

/* The pid of the bridge's dnsmasq, 0 if none runs. */
int nat_dhcp_pid(const char *bridge);
/* Starts it, unless it runs for this network. *started: it did not. */
int nat_dhcp_start(const char *bridge, const struct subnet *s, bool *started, struct failure *failure);
int nat_dhcp_stop(const char *bridge, struct failure *failure);

#endif
