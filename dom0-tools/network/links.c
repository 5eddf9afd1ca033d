/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces. See links.h. */
#include "network/links.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

static int take_kind(const struct nlattr *attribute, void *context)
{
    struct link *link = context;
    if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND && !mnl_attr_validate(attribute, MNL_TYPE_STRING))
        snprintf(link->kind, sizeof(link->kind), "%s", mnl_attr_get_str(attribute));
    return MNL_CB_OK;
}

static int take_attribute(const struct nlattr *attribute, void *context)
{
    struct link *link = context;
    switch (mnl_attr_get_type(attribute)) {
    case IFLA_IFNAME:
        if (!mnl_attr_validate(attribute, MNL_TYPE_STRING))
            snprintf(link->name, sizeof(link->name), "%s", mnl_attr_get_str(attribute));
        break;
    case IFLA_MTU:
        link->mtu = mnl_attr_get_u32(attribute);
        break;
    case IFLA_MASTER:
        link->master = (int)mnl_attr_get_u32(attribute);
        break;
    case IFLA_CARRIER:
        link->carrier = mnl_attr_get_u8(attribute);
        break;
    case IFLA_ADDRESS:
        if (mnl_attr_get_payload_len(attribute) == sizeof(link->mac))
            memcpy(link->mac, mnl_attr_get_payload(attribute), sizeof(link->mac));
        break;
    case IFLA_LINKINFO:
        mnl_attr_parse_nested(attribute, take_kind, link);
        break;
    }
    return MNL_CB_OK;
}

static void take_link(const struct nlmsghdr *message, struct link *link)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
    *link = (struct link){.index = info->ifi_index, .up = info->ifi_flags & IFF_UP};
    mnl_attr_parse(message, sizeof(*info), take_attribute, link);
}

static int found(const struct nlmsghdr *message, void *context)
{
    take_link(message, context);
    return MNL_CB_OK;
}

int link_find(struct netlink *n, const char *name, struct link *link)
{
    struct netlink_request r;
    link->index = 0;
    if (!name[0] || strlen(name) >= IFNAMSIZ)
        return 0;
    netlink_begin(&r, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
    mnl_attr_put_strz(r.header, IFLA_IFNAME, name);
    if (netlink_run(n, &r, found, link))
        return errno == ENODEV ? 0 : -1;
    return link->index > 0;
}

struct each {
    int (*each)(void *context, const struct link *link);
    void *context;
    int stopped;
};

static int each_link(const struct nlmsghdr *message, void *context)
{
    struct each *e = context;
    struct link link;
    take_link(message, &link);
    if (!e->stopped)
        e->stopped = e->each(e->context, &link); /* the rest of the dump is taken all the same */
    return MNL_CB_OK;
}

int link_each(struct netlink *n, int (*each)(void *context, const struct link *link), void *context)
{
    struct netlink_request r;
    struct each e = {.each = each, .context = context};
    netlink_begin(&r, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
    return netlink_run(n, &r, each_link, &e);
}

int link_add_bridge(struct netlink *n, const char *name)
{
    struct netlink_request r;
    netlink_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
    mnl_attr_put_strz(r.header, IFLA_IFNAME, name);
    struct nlattr *info = mnl_attr_nest_start(r.header, IFLA_LINKINFO);
    mnl_attr_put_strz(r.header, IFLA_INFO_KIND, "bridge");
    struct nlattr *data = mnl_attr_nest_start(r.header, IFLA_INFO_DATA);
    mnl_attr_put_u32(r.header, IFLA_BR_FORWARD_DELAY, 0);
    mnl_attr_put_u32(r.header, IFLA_BR_STP_STATE, 0);
    mnl_attr_nest_end(r.header, data);
    mnl_attr_nest_end(r.header, info);
    return netlink_run(n, &r, NULL, NULL);
}

int link_delete(struct netlink *n, int index)
{
    struct netlink_request r;
    struct ifinfomsg *body = netlink_begin(&r, RTM_DELLINK, 0, sizeof(*body));
    body->ifi_index = index;
    return netlink_run(n, &r, NULL, NULL);
}

int link_change(struct netlink *n, int index, const struct link_change *change)
{
    struct netlink_request r;
    struct ifinfomsg *body = netlink_begin(&r, RTM_NEWLINK, 0, sizeof(*body));
    body->ifi_index = index;
    if (change->up_set) {
        body->ifi_change = IFF_UP;
        body->ifi_flags = change->up ? IFF_UP : 0;
    }
    if (change->name)
        mnl_attr_put_strz(r.header, IFLA_IFNAME, change->name);
    if (change->mac)
        mnl_attr_put(r.header, IFLA_ADDRESS, 6, change->mac);
    if (change->mtu)
        mnl_attr_put_u32(r.header, IFLA_MTU, change->mtu);
    if (change->master_set)
        mnl_attr_put_u32(r.header, IFLA_MASTER, (uint32_t)change->master);
    return netlink_run(n, &r, NULL, NULL);
}
