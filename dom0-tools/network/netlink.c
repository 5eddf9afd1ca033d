/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to rtnetlink. See netlink.h. */
#include "network/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

int netlink_open(struct netlink *n, struct failure *failure)
{
    *n = (struct netlink){.socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)};
    if (!n->socket)
        return failure_errno(failure, "cannot open a netlink socket");
    if (mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        failure_errno(failure, "cannot bind a netlink socket");
        netlink_close(n);
        return -1;
    }
    return 0;
}

void netlink_close(struct netlink *n)
{
    if (n->socket)
        mnl_socket_close(n->socket);
    n->socket = NULL;
}

void *netlink_begin(struct netlink_request *r, uint16_t type, uint16_t flags, size_t body)
{
    r->header = mnl_nlmsg_put_header(r->room);
    r->header->nlmsg_type = type;
    r->header->nlmsg_flags = NLM_F_REQUEST | flags;
    return mnl_nlmsg_put_extra_header(r->header, body);
}

int netlink_run(struct netlink *n, struct netlink_request *r, mnl_cb_t callback, void *context)
{
    char answer[NETLINK_ROOM];
    unsigned port = mnl_socket_get_portid(n->socket);
    int more = 1;
    /* A dump has an end of its own. (Its two flags mean "replace" and "only if new" in requests that make something.)
     */
    if ((r->header->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
        r->header->nlmsg_flags |= NLM_F_ACK;
    r->header->nlmsg_seq = ++n->sequence;
    if (mnl_socket_sendto(n->socket, r->header, r->header->nlmsg_len) < 0)
        return -1;
    while (more > 0) {
        ssize_t got = mnl_socket_recvfrom(n->socket, answer, sizeof(answer));
        if (got < 0 && errno == EINTR)
            continue;
        more = got < 0 ? -1 : mnl_cb_run(answer, (size_t)got, n->sequence, port, callback, context);
    }
    return more;
}
