/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl network-setup: makes a network for guests, for people who have none. Either a bridge over a NIC (--nic), so
 * that guests are in its network, or, without, a network of its own behind dom0's address, with DHCP and DNS. It says
 * what each step found or did. Done again, it finds all there; with --remove it undoes both kinds.
 *
 * Nothing is kept but what the kernel has, so it is gone after a reboot.
 */
#include "hvctl/command.h"
#include "network/bridge_nic.h"
#include "network/nat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_BRIDGE "xenbr0"
#define ADDRESSES_MAX  256

struct setup {
    const char *bridge, *nic;
    struct subnet subnet;
    bool subnet_given, no_dhcp, no_nat, remove;
    bool made; /* the bridge was not there */
    struct command *c;
    struct json json;
    struct netlink netlink;
};

static void say(struct setup *s, const char *what, bool changed, const char *text)
{
    if (!s->c->json) {
        printf("%-10s %-8s %s\n", what, changed ? "done" : "ok", text);
        return;
    }
    json_object_begin(&s->json, NULL);
    json_text(&s->json, "what", what);
    json_boolean(&s->json, "changed", changed);
    json_text(&s->json, "text", text);
    json_object_end(&s->json);
}

static struct subnet subnet_of(const struct net_address *a)
{
    uint32_t address;
    memcpy(&address, a->bytes, sizeof(address));
    struct subnet s = {.prefix = a->prefix, .network = ntohl(address)};
    s.network &= a->prefix >= 32 ? 0xffffffffu : ~(0xffffffffu >> a->prefix);
    return s;
}

/* The bridge's own network if it has one; what was asked for; or one that is nobody else's. */
static int choose_subnet(struct setup *s, const struct link *bridge, bool *there, struct failure *failure)
{
    struct net_address addresses[ADDRESSES_MAX];
    int count = net_addresses(&s->netlink, 0, addresses, ADDRESSES_MAX);
    if (count < 0)
        return failure_errno(failure, "cannot list addresses");
    *there = false;
    for (int i = 0; i < count; i++)
        if (addresses[i].link == bridge->index && addresses[i].family == AF_INET && addresses[i].prefix <= 28) {
            struct subnet own = subnet_of(&addresses[i]);
            if (s->subnet_given && (own.network != s->subnet.network || own.prefix != s->subnet.prefix))
                continue;
            s->subnet = own;
            *there = true;
            return 0;
        }
    for (unsigned n = 0;; n++) {
        bool taken = false;
        if (!s->subnet_given && !subnet_candidate(n, &s->subnet))
            return failure_set(failure, "found no free network: say one with --subnet");
        for (int i = 0; i < count && !taken; i++) {
            struct subnet other = subnet_of(&addresses[i]);
            taken = addresses[i].family == AF_INET && subnet_overlaps(&other, &s->subnet);
        }
        if (!taken)
            return 0;
        if (s->subnet_given)
            return failure_set(failure, "an interface has an address in that network already: choose another --subnet");
    }
}

/* A bridge that has a network of ours gets no second one: rules and DHCP are for one. */
static int check_only_network(const struct setup *s, struct failure *failure)
{
    struct failure no_nft = {.text = ""};
    if (s->made || (!nat_dhcp_pid(s->bridge) && nat_masquerades(s->bridge, &no_nft) != 1))
        return 0;
    return failure_set(failure,
                       "%s has another network already (\"hvctl network-setup --bridge %s --remove\" takes it away)",
                       s->bridge, s->bridge);
}

static int set_address(struct setup *s, const struct link *bridge, struct failure *failure)
{
    bool there;
    char text[64], own[SUBNET_TEXT], net[SUBNET_TEXT];
    if (choose_subnet(s, bridge, &there, failure) || (!there && check_only_network(s, failure)))
        return -1;
    struct net_address a = {.family = AF_INET, .prefix = (uint8_t)s->subnet.prefix, .link = bridge->index};
    uint32_t gateway = htonl(subnet_gateway(&s->subnet)), broadcast = htonl(subnet_broadcast(&s->subnet));
    memcpy(a.bytes, &gateway, sizeof(gateway));
    memcpy(a.broadcast, &broadcast, sizeof(broadcast));
    if (!there && net_address_add(&s->netlink, &a))
        return failure_errno(failure, "cannot give %s an address", bridge->name);
    subnet_format_address(subnet_gateway(&s->subnet), own);
    subnet_format(&s->subnet, net);
    snprintf(text, sizeof(text), "%s in %s", own, net);
    say(s, "address", !there, text);
    return 0;
}

static int set_up_nat(struct setup *s, const struct link *bridge, struct failure *failure)
{
    bool started;
    char text[96];
    if (set_address(s, bridge, failure))
        return -1;
    if (!s->no_nat) {
        int there = nat_masquerades(s->bridge, failure);
        if (there > 0 && s->made) /* of a bridge that somebody deleted */
            there = 0;
        if (there < 0 || nat_forward(failure) || (!there && nat_masquerade(s->bridge, &s->subnet, failure)))
            return -1;
        say(s, "nat", !there, "guests reach other networks with dom0's address");
    }
    if (s->no_dhcp)
        return 0;
    if (nat_dhcp_start(s->bridge, &s->subnet, &started, failure))
        return -1;
    snprintf(text, sizeof(text), "dnsmasq (pid %d) gives out addresses and answers DNS", nat_dhcp_pid(s->bridge));
    say(s, "dhcp", started, text);
    return 0;
}

static int set_up_nic(struct setup *s, struct link *bridge, struct failure *failure)
{
    unsigned moved = 0;
    char text[128];
    if (bridge_take_nic(&s->netlink, bridge, s->nic, &moved, failure)) {
        struct failure ignored = {.text = ""};
        struct link nic;
        if (link_find(&s->netlink, s->nic, &nic) == 1 && nic.master == bridge->index)
            bridge_give_nic_back(&s->netlink, bridge, &nic, &ignored);
        return -1;
    }
    snprintf(text, sizeof(text), "%s is in %s, %u addresses moved", s->nic, s->bridge, moved);
    say(s, "nic", moved > 0, moved ? text : "nothing to move");
    return 0;
}

/* What a new bridge got before something failed; not one that still has the NIC, and perhaps its addresses. */
static void take_back(struct setup *s, const struct link *bridge)
{
    struct failure ignored = {.text = ""};
    struct link nic;
    if (s->nic && (link_find(&s->netlink, s->nic, &nic) < 0 || nic.master == bridge->index))
        return;
    if (link_delete(&s->netlink, bridge->index))
        return;
    nat_dhcp_stop(s->bridge, &ignored);
    if (nat_masquerades(s->bridge, &ignored) == 1)
        nat_masquerade_end(s->bridge, &ignored);
    say(s, "bridge", true, "removed again");
}

static int set_up(struct setup *s, struct failure *failure)
{
    struct link bridge, nic;
    if (s->nic && !link_find(&s->netlink, s->nic, &nic))
        return failure_set(failure, "there is no interface %s (\"ip link\" lists them)", s->nic);
    if (bridge_make(&s->netlink, s->bridge, &bridge, &s->made, failure))
        return -1;
    say(s, "bridge", s->made, s->bridge);
    int failed = s->nic ? set_up_nic(s, &bridge, failure) : set_up_nat(s, &bridge, failure);
    if (failed && s->made)
        take_back(s, &bridge);
    return failed;
}

/* ---- removing ---- */

struct ports {
    int bridge;
    struct link nic;  /* the way out: index 0 if there is none */
    char others[128]; /* guests' interfaces */
};

static int take_port(void *context, const struct link *link)
{
    struct ports *p = context;
    if (link->master != p->bridge)
        return 0;
    if (strcmp(link->kind, "tun") != 0 && strncmp(link->name, "vif", 3) != 0) {
        p->nic = *link;
        return 0;
    }
    size_t used = strlen(p->others);
    snprintf(p->others + used, sizeof(p->others) - used, "%s%s", used ? " " : "", link->name);
    return 0;
}

static int remove_bridge(struct setup *s, const struct link *bridge, struct failure *failure)
{
    struct ports ports = {.bridge = bridge->index};
    if (link_each(&s->netlink, take_port, &ports))
        return failure_errno(failure, "cannot list interfaces");
    if (ports.others[0])
        return failure_set(failure, "guests use %s: %s (\"hvctl network-detach\" takes them out)", s->bridge,
                           ports.others);
    if (ports.nic.index && bridge_give_nic_back(&s->netlink, bridge, &ports.nic, failure))
        return -1;
    if (ports.nic.index)
        say(s, "nic", true, ports.nic.name);
    if (link_delete(&s->netlink, bridge->index))
        return failure_errno(failure, "cannot remove %s", s->bridge);
    say(s, "bridge", true, "removed");
    return 0;
}

static int undo(struct setup *s, struct failure *failure)
{
    struct link bridge;
    struct failure no_nft = {.text = ""};
    int found = link_find(&s->netlink, s->bridge, &bridge);
    if (found < 0)
        return failure_errno(failure, "cannot look up %s", s->bridge);
    if (found && strcmp(bridge.kind, "bridge") != 0)
        return failure_set(failure, "%s is an interface, but no bridge", s->bridge);
    /* The bridge first: while guests are in it, all stays as it is. */
    if (found && remove_bridge(s, &bridge, failure))
        return -1;
    int dhcp = nat_dhcp_pid(s->bridge);
    if (nat_dhcp_stop(s->bridge, failure))
        return -1;
    if (dhcp)
        say(s, "dhcp", true, "stopped");
    if (nat_masquerades(s->bridge, &no_nft) == 1) {
        if (nat_masquerade_end(s->bridge, failure))
            return -1;
        say(s, "nat", true, "removed; forwarding stays on");
    }
    if (!found)
        say(s, "bridge", false, "there is none");
    return 0;
}

/* ---- command line ---- */

static bool is_name(const char *name)
{
    return name[0] && strlen(name) < IFNAMSIZ &&
           !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                              "XYZ0123456789_.-")];
}

static int parse_options(struct setup *s, int argc, char **argv)
{
    static const struct option options[] = {{"bridge", required_argument, NULL, 'b'},
                                            {"nic", required_argument, NULL, 'n'},
                                            {"subnet", required_argument, NULL, 's'},
                                            {"no-dhcp", no_argument, NULL, 'D'},
                                            {"no-nat", no_argument, NULL, 'N'},
                                            {"remove", no_argument, NULL, 'r'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "b:n:s:r", options, NULL)) != -1) {
        if (option == 'b')
            s->bridge = optarg;
        else if (option == 'n')
            s->nic = optarg;
        else if (option == 'D')
            s->no_dhcp = true;
        else if (option == 'N')
            s->no_nat = true;
        else if (option == 'r')
            s->remove = true;
        else if (option != 's')
            return command_usage(s->c);
        else if (s->subnet_given = true, !subnet_parse(optarg, &s->subnet))
            return command_fail("'%s' is no network: say A.B.C.D/N, N from 8 to 28", optarg);
    }
    if (optind != argc || (s->nic && (s->subnet_given || s->no_dhcp || s->no_nat)))
        return command_usage(s->c);
    if (!is_name(s->bridge) || (s->nic && !is_name(s->nic)))
        return command_fail("a name of an interface has at most %d letters, digits, '.', '_', '-'", IFNAMSIZ - 1);
    return COMMAND_OK;
}

int cmd_network_setup(struct command *c, int argc, char **argv)
{
    struct setup s = {.bridge = DEFAULT_BRIDGE, .c = c};
    struct failure failure = {.text = ""};
    int status = parse_options(&s, argc, argv);
    if (status != COMMAND_OK)
        return status;
    if (geteuid())
        return command_fail("network-setup wants root");
    if (netlink_open(&s.netlink, &failure))
        return command_fail("%s", failure.text);
    if (c->json) {
        json_init(&s.json, stdout, false);
        json_array_begin(&s.json, NULL);
    }
    int failed = s.remove ? undo(&s, &failure) : set_up(&s, &failure);
    if (c->json)
        json_array_end(&s.json);
    netlink_close(&s.netlink);
    return failed ? command_fail("%s", failure.text) : COMMAND_OK;
}
