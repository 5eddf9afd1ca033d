/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An IPv4 network. See subnet.h. */
#include "network/subnet.h"

#include <stdio.h>

#define CANDIDATES_FROM 221 /* 192.168.221.0/24 */
#define CANDIDATES      30

bool subnet_parse(const char *text, struct subnet *s)
{
    unsigned a, b, c, d, prefix;
    char end;
    if (sscanf(text, "%3u.%3u.%3u.%3u/%2u%c", &a, &b, &c, &d, &prefix, &end) != 5)
        return false;
    if (a > 223 || !a || b > 255 || c > 255 || d > 255 || prefix < 8 || prefix > 28)
        return false;
    s->prefix = prefix;
    s->network = (a << 24 | b << 16 | c << 8 | d) & ~(0xffffffffu >> prefix);
    return true;
}

void subnet_format_address(uint32_t address, char text[SUBNET_TEXT])
{
    snprintf(text, SUBNET_TEXT, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

void subnet_format(const struct subnet *s, char text[SUBNET_TEXT])
{
    snprintf(text, SUBNET_TEXT, "%u.%u.%u.%u/%u", s->network >> 24, s->network >> 16 & 255, s->network >> 8 & 255,
             s->network & 255, s->prefix & 31);
}

bool subnet_overlaps(const struct subnet *a, const struct subnet *b)
{
    unsigned prefix = a->prefix < b->prefix ? a->prefix : b->prefix;
    uint32_t mask = prefix ? ~(prefix == 32 ? 0 : 0xffffffffu >> prefix) : 0;
    return (a->network & mask) == (b->network & mask);
}

bool subnet_candidate(unsigned n, struct subnet *s)
{
    *s = (struct subnet){.network = 192u << 24 | 168u << 16 | (CANDIDATES_FROM + n) << 8, .prefix = 24};
    return n < CANDIDATES;
}
