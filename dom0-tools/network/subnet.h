/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IPv4 network for guests: dom0 has its first address, the rest is given out by DHCP from the tenth on. Pure.
 */
#ifndef HAVEN_NETWORK_SUBNET_H
#define HAVEN_NETWORK_SUBNET_H

#include <stdbool.h>
#include <stdint.h>

struct subnet {
    uint32_t network; /* in the machine's byte order */
    unsigned prefix;
};

#define SUBNET_TEXT 20

/* "A.B.C.D/N" with N from 8 to 28; the host's bits are cleared. */
bool subnet_parse(const char *text, struct subnet *s);
void subnet_format(const struct subnet *s, char text[SUBNET_TEXT]);
bool subnet_overlaps(const struct subnet *a, const struct subnet *b);
/* The nth network that is tried when none is said: of the 192.168 range, away from those that routers and other tools
 * like. false: there are no more. */
bool subnet_candidate(unsigned n, struct subnet *s);

static inline uint32_t subnet_gateway(const struct subnet *s)
{
    return s->network + 1;
}
static inline uint32_t subnet_broadcast(const struct subnet *s)
{
    return s->network | (uint32_t)(0xffffffffu >> s->prefix);
}
void subnet_format_address(uint32_t address, char text[SUBNET_TEXT]);

#endif
