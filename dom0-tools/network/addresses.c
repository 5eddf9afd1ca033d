/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and routes. See addresses.h. */
#include "network/addresses.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

struct list {
    void *entries;
    unsigned count, max;
    int link;
};

static size_t bytes_of(uint8_t family)
{
    return family == AF_INET ? 4 : 16;
}

static bool copy_address(const struct nlattr *attribute, uint8_t family, uint8_t *to)
{
    if (mnl_attr_get_payload_len(attribute) != bytes_of(family))
        return false;
    memcpy(to, mnl_attr_get_payload(attribute), bytes_of(family));
    return true;
}

static int take_address(const struct nlmsghdr *message, void *context)
{
    struct list *list = context;
    const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    if ((list->link && (int)info->ifa_index != list->link) || info->ifa_scope != RT_SCOPE_UNIVERSE ||
        (info->ifa_family != AF_INET && info->ifa_family != AF_INET6) || list->count == list->max)
        return MNL_CB_OK;
    struct net_address a = {.family = info->ifa_family,
                            .prefix = info->ifa_prefixlen,
                            .link = (int)info->ifa_index,
                            .valid_s = UINT32_MAX,
                            .preferred_s = UINT32_MAX,
                            .permanent = info->ifa_flags & IFA_F_PERMANENT || info->ifa_family == AF_INET};
    bool local = false;
    mnl_attr_for_each(attribute, message, sizeof(*info))
    {
        unsigned type = mnl_attr_get_type(attribute);
        if (type == IFA_LOCAL)
            local = copy_address(attribute, a.family, a.bytes);
        else if (type == IFA_ADDRESS && !local)
            copy_address(attribute, a.family, a.bytes);
        else if (type == IFA_BROADCAST && a.family == AF_INET)
            copy_address(attribute, AF_INET, a.broadcast);
        else if (type == IFA_CACHEINFO && mnl_attr_get_payload_len(attribute) >= sizeof(struct ifa_cacheinfo)) {
            const struct ifa_cacheinfo *times = mnl_attr_get_payload(attribute);
            a.valid_s = times->ifa_valid;
            a.preferred_s = times->ifa_prefered;
        }
    }
    ((struct net_address *)list->entries)[list->count++] = a;
    return MNL_CB_OK;
}

int net_addresses(struct netlink *n, int link, struct net_address *entries, unsigned max)
{
    struct netlink_request r;
    struct list list = {.entries = entries, .max = max, .link = link};
    netlink_begin(&r, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
    return netlink_run(n, &r, take_address, &list) ? -1 : (int)list.count;
}

static void take_route_attributes(const struct nlmsghdr *message, struct net_route *route, uint32_t *table)
{
    const struct nlattr *attribute;
    mnl_attr_for_each(attribute, message, sizeof(struct rtmsg))
    {
        switch (mnl_attr_get_type(attribute)) {
        case RTA_TABLE:
            *table = mnl_attr_get_u32(attribute);
            break;
        case RTA_OIF:
            route->link = (int)mnl_attr_get_u32(attribute);
            break;
        case RTA_DST:
            copy_address(attribute, route->family, route->target);
            break;
        case RTA_GATEWAY:
            route->has_gateway = copy_address(attribute, route->family, route->gateway);
            break;
        case RTA_PREFSRC:
            route->has_source = copy_address(attribute, route->family, route->source);
            break;
        case RTA_PRIORITY:
            route->metric = mnl_attr_get_u32(attribute);
            break;
        }
    }
}

static int take_route(const struct nlmsghdr *message, void *context)
{
    struct list *list = context;
    const struct rtmsg *info = mnl_nlmsg_get_payload(message);
    uint32_t table = info->rtm_table;
    struct net_route route = {.family = info->rtm_family,
                              .prefix = info->rtm_dst_len,
                              .protocol = info->rtm_protocol,
                              .scope = info->rtm_scope};
    if ((info->rtm_family != AF_INET && info->rtm_family != AF_INET6) || info->rtm_type != RTN_UNICAST ||
        info->rtm_protocol == RTPROT_KERNEL || info->rtm_protocol == RTPROT_RA || info->rtm_flags & RTM_F_CLONED)
        return MNL_CB_OK;
    take_route_attributes(message, &route, &table);
    if (table != RT_TABLE_MAIN || (list->link && route.link != list->link) || list->count == list->max)
        return MNL_CB_OK;
    ((struct net_route *)list->entries)[list->count++] = route;
    return MNL_CB_OK;
}

int net_routes(struct netlink *n, int link, struct net_route *entries, unsigned max)
{
    struct netlink_request r;
    struct list list = {.entries = entries, .max = max, .link = link};
    netlink_begin(&r, RTM_GETROUTE, NLM_F_DUMP, sizeof(struct rtmsg));
    return netlink_run(n, &r, take_route, &list) ? -1 : (int)list.count;
}

static int change_address(struct netlink *n, const struct net_address *a, uint16_t type, uint16_t flags)
{
    struct netlink_request r;
    struct ifaddrmsg *body = netlink_begin(&r, type, flags, sizeof(*body));
    body->ifa_family = a->family;
    body->ifa_prefixlen = a->prefix;
    body->ifa_index = (unsigned)a->link;
    mnl_attr_put(r.header, IFA_LOCAL, bytes_of(a->family), a->bytes);
    mnl_attr_put(r.header, IFA_ADDRESS, bytes_of(a->family), a->bytes);
    if (type == RTM_DELADDR)
        return netlink_run(n, &r, NULL, NULL);
    static const uint8_t none[4];
    if (a->family == AF_INET && memcmp(a->broadcast, none, 4) != 0)
        mnl_attr_put(r.header, IFA_BROADCAST, 4, a->broadcast);
    if (a->valid_s && a->valid_s != UINT32_MAX) {
        struct ifa_cacheinfo times = {.ifa_valid = a->valid_s, .ifa_prefered = a->preferred_s};
        mnl_attr_put(r.header, IFA_CACHEINFO, sizeof(times), &times);
    }
    return netlink_run(n, &r, NULL, NULL);
}

int net_address_add(struct netlink *n, const struct net_address *a)
{
    return change_address(n, a, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL) && errno != EEXIST ? -1 : 0;
}

int net_address_remove(struct netlink *n, const struct net_address *a)
{
    return change_address(n, a, RTM_DELADDR, 0) && errno != EADDRNOTAVAIL ? -1 : 0;
}

int net_route_replace(struct netlink *n, const struct net_route *route)
{
    struct netlink_request r;
    size_t bytes = bytes_of(route->family);
    struct rtmsg *body = netlink_begin(&r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*body));
    body->rtm_family = route->family;
    body->rtm_dst_len = route->prefix;
    body->rtm_table = RT_TABLE_MAIN;
    body->rtm_protocol = route->protocol;
    body->rtm_scope = route->scope;
    body->rtm_type = RTN_UNICAST;
    if (route->prefix)
        mnl_attr_put(r.header, RTA_DST, bytes, route->target);
    if (route->has_gateway)
        mnl_attr_put(r.header, RTA_GATEWAY, bytes, route->gateway);
    if (route->has_source)
        mnl_attr_put(r.header, RTA_PREFSRC, bytes, route->source);
    if (route->metric)
        mnl_attr_put_u32(r.header, RTA_PRIORITY, route->metric);
    mnl_attr_put_u32(r.header, RTA_OIF, (uint32_t)route->link);
    return netlink_run(n, &r, NULL, NULL);
}
