/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules that keep a guest to its addresses. See antispoof.h. */
#include "manager/antispoof.h"

#include "network/run_program.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE     "bridge haven_vif_%u_%u"
#define RULES_MAX 4096

struct rules {
    char *text;
    size_t room, used;
    bool full;
};

static void add(struct rules *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct rules *r, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(r->text + r->used, r->room - r->used, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= r->room - r->used)
        r->full = true;
    else
        r->used += (size_t)n;
}

/* Appends the addresses of a family, with commas before each: elements of a set. 0, or -1 if one is of no family. */
static int add_addresses(struct rules *r, const char *addresses, int family, struct failure *failure)
{
    char word[64];
    unsigned char binary[16];
    int length;
    for (const char *at = addresses; sscanf(at, " %63[^ ,]%n", word, &length) == 1;) {
        at += length;
        at += strspn(at, " ,");
        bool v4 = inet_pton(AF_INET, word, binary) == 1, v6 = !v4 && inet_pton(AF_INET6, word, binary) == 1;
        if (!v4 && !v6)
            return failure_set(failure, "ip=: '%s' is no address", word);
        if (v4 == (family == AF_INET))
            add(r, ", %s", word);
    }
    return 0;
}

static int add_sender_rules(struct rules *r, const char *addresses, struct failure *failure)
{
    static const struct {
        int family;
        const char *begin;
    } rules[] = {
        /* Before a guest has an address it asks for one from 0.0.0.0 and :: */
        {AF_INET, "  arp saddr ip != { 0.0.0.0"},
        {AF_INET, "  ip saddr != { 0.0.0.0"},
        {AF_INET6, "  ip6 saddr != { ::, fe80::/10"},
    };
    add(r, "  ether type != { arp, ip, ip6 } drop\n");
    for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        add(r, "%s", rules[i].begin);
        if (add_addresses(r, addresses, rules[i].family, failure))
            return -1;
        add(r, " } drop\n");
    }
    return 0;
}

int antispoof_format(const struct antispoof *a, char *text, size_t room, struct failure *failure)
{
    struct rules r = {.text = text, .room = room};
    char mac[18];
    snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", a->mac[0], a->mac[1], a->mac[2], a->mac[3], a->mac[4],
             a->mac[5]);
    /* Made first, so that the deletion of an older one cannot fail: all three are one transaction of nft's. */
    add(&r, "table " TABLE "\ndelete table " TABLE "\ntable " TABLE " {\n", a->domid, a->id, a->domid, a->id, a->domid,
        a->id);
    add(&r, " chain from_guest {\n  type filter hook prerouting priority -200; policy accept;\n");
    add(&r, "  iifname != \"%s\" accept\n  ether saddr != %s drop\n  arp saddr ether != %s drop\n", a->interface, mac,
        mac);
    if (a->addresses[strspn(a->addresses, " ,")] && add_sender_rules(&r, a->addresses, failure))
        return -1;
    add(&r, " }\n}\n");
    return r.full ? failure_set(failure, "too many addresses in ip=") : 0;
}

int antispoof_apply(const struct antispoof *a, struct failure *failure)
{
    static const char *const nft[] = {"nft", "-f", "-", NULL};
    char rules[RULES_MAX];
    struct failure why = {.text = ""};
    if (antispoof_format(a, rules, sizeof(rules), failure))
        return -1;
    if (run_program(nft, rules, "nftables", &why))
        return failure_set(failure, "cannot keep %s to its addresses (antispoof): %s", a->interface, why.text);
    return 0;
}

void antispoof_remove(unsigned domid, unsigned id)
{
    static const char *const nft[] = {"nft", "-f", "-", NULL};
    char rules[128];
    struct failure ignored = {.text = ""};
    snprintf(rules, sizeof(rules), "delete table " TABLE "\n", domid, id);
    run_program(nft, rules, "nftables", &ignored);
}
