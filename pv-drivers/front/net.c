/* SPDX-License-Identifier: MIT
 *
 * See net.h. The id of a request is the index of its page; on the receive ring the back end answers in order, and
 * slot n is answered in slot n.
 */
#include "front/net.h"
#include "front/grants.h"
#include "front/port.h"

#include "events.h"
#include "guest.h"
#include "memory.h"

#include <xen/io/netif.h>

#define WAIT_MS 60000u

_Static_assert(sizeof(union netif_tx_sring_entry) == 12 && sizeof(union netif_rx_sring_entry) == 8, "xen/io/netif.h");

/* ---- connecting ---- */
static bool read_mac(struct net *net)
{
    char text[32];
    unsigned digits = 0;

    if (xenbus_read(net->xenbus.front, "mac", text, sizeof(text)) != 17)
        return false;
    for (const char *c = text; *c; c++) {
        unsigned digit = *c >= '0' && *c <= '9' ? (unsigned)(*c - '0') : (unsigned)((*c | 0x20) - 'a' + 10);

        if (*c == ':')
            continue;
        if (digit > 15 || digits == 12)
            return false;
        net->mac[digits / 2] = (uint8_t)(net->mac[digits / 2] << 4 | digit);
        digits++;
    }
    return digits == 12;
}

static void offer_page(struct net *net, unsigned index)
{
    struct netif_rx_request *request = ring_request(&net->receive.ring);

    request->id = (uint16_t)index;
    request->gref = net->in[index].grant;
}

static void open_rings(struct net *net)
{
    domid_t back = net->xenbus.back_domid;

    xenbus_ring_open(&net->send, back, 1, sizeof(union netif_tx_sring_entry));
    xenbus_ring_open(&net->receive, back, 1, sizeof(union netif_rx_sring_entry));
    for (unsigned i = 0; i < NET_SLOTS; i++) {
        net->in[i].page = page_alloc();
        net->in[i].grant = grant_give(back, net->in[i].page, false);
        offer_page(net, i);
    }
    ring_publish(&net->receive.ring);
}

static long open_ports(struct net *net, bool split)
{
    for (unsigned i = 0; i < 1u + split; i++) {
        long port = event_alloc_unbound(DOMID_SELF, net->xenbus.back_domid);

        if (port < 0)
            return port;
        net->port[i] = (uint32_t)port;
    }
    net->split = split;
    if (!split)
        net->port[1] = net->port[0];
    return 0;
}

static long connect(struct net *net, const struct net_options *options)
{
    const char *back = net->xenbus.back;
    struct xenbus_nodes nodes = {0};
    long ret = open_ports(net, !options->one_port && xenbus_number(back, "feature-split-event-channels", 0));

    if (ret)
        return ret;
    net->sg = xenbus_number(back, "feature-sg", 0);
    net->gso_v4 = xenbus_number(back, "feature-gso-tcpv4", 0);
    net->gso_v6 = xenbus_number(back, "feature-gso-tcpv6", 0);
    open_rings(net);
    xenbus_add(&nodes, "tx-ring-ref", net->send.grant[0]);
    xenbus_add(&nodes, "rx-ring-ref", net->receive.grant[0]);
    if (net->split) {
        xenbus_add(&nodes, "event-channel-tx", net->port[0]);
        xenbus_add(&nodes, "event-channel-rx", net->port[1]);
    } else {
        xenbus_add(&nodes, "event-channel", net->port[0]);
    }
    xenbus_add(&nodes, "request-rx-copy", 1);
    xenbus_add(&nodes, "feature-rx-notify", 1);
    xenbus_add(&nodes, "feature-sg", options->large);
    xenbus_add(&nodes, "feature-gso-tcpv4", options->large);
    xenbus_add(&nodes, "feature-gso-tcpv6", options->large);
    xenbus_add(&nodes, "feature-no-csum-offload", options->no_sums);
    xenbus_add(&nodes, "feature-ipv6-csum-offload", !options->no_sums);
    return xenbus_publish(&net->xenbus, &nodes, XenbusStateConnected);
}

long net_open(struct net *net, unsigned id, const struct net_options *options)
{
    static const struct net_options usual;
    long ret;

    memset(net, 0, sizeof(*net));
    grants_init();
    ret = xenbus_open(&net->xenbus, "vif", id);
    if (ret)
        return ret;
    if (!read_mac(net))
        return -XEN_EINVAL;
    if (!xenbus_wait(&net->xenbus, XENBUS_IS(InitWait), WAIT_MS))
        return -XEN_ETIMEDOUT;
    ret = connect(net, options ? options : &usual);
    if (!ret)
        ret = xenbus_wait_connected(&net->xenbus, WAIT_MS);
    if (ret)
        net_close(net);
    return ret;
}

static bool take_back(void *page, uint32_t grant)
{
    if (!page)
        return true;
    if (!grant_take_back(grant))
        return false;
    page_free(page);
    return true;
}

bool net_close(struct net *net)
{
    bool clean = xenbus_close(&net->xenbus);

    for (unsigned i = 0; i < NET_SLOTS; i++) {
        clean &= take_back(net->out[i].page, net->out[i].grant);
        clean &= take_back(net->in[i].page, net->in[i].grant);
    }
    if (net->port[0])
        event_close(net->port[0]);
    if (net->split)
        event_close(net->port[1]);
    clean &= xenbus_ring_close(&net->send);
    clean &= xenbus_ring_close(&net->receive);
    return clean;
}

/* ---- sending ---- */
void net_reap(struct net *net)
{
    struct netif_tx_response answer;
    enum ring_answer found;

    while ((found = ring_answer(&net->send.ring, &answer, sizeof(answer))) == ANSWER_FOUND) {
        if (answer.status == NETIF_RSP_NULL)
            continue; /* the slot held extra information */
        if (answer.id >= NET_SLOTS || !net->out[answer.id].busy) {
            net->wrong++;
            continue;
        }
        net->out[answer.id].busy = false;
        net->sent_errors += answer.status != NETIF_RSP_OKAY;
    }
    net->wrong += found == ANSWER_WRONG;
}

static unsigned page_to_send(struct net *net)
{
    unsigned index = 0;

    while (net->out[index].busy) /* there is one: no more than the ring's slots are busy */
        index++;
    if (!net->out[index].page) {
        net->out[index].page = page_alloc();
        net->out[index].grant = grant_give(net->xenbus.back_domid, net->out[index].page, true);
    }
    net->out[index].busy = true;
    return index;
}

static void fill_extra(struct net *net, const struct net_offload *offload)
{
    struct netif_extra_info *extra = ring_request(&net->send.ring);

    memset(extra, 0, sizeof(*extra));
    extra->type = XEN_NETIF_EXTRA_TYPE_GSO;
    extra->u.gso.size = offload->gso_size;
    extra->u.gso.type = offload->gso_v6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
}

bool net_queue(struct net *net, const void *frame, size_t length, const struct net_offload *offload)
{
    bool gso = offload && offload->gso_size;
    unsigned pages = (unsigned)((length + PAGE_SIZE - 1) / PAGE_SIZE);

    net_reap(net);
    if (ring_free(&net->send.ring) < pages + gso)
        return false;
    for (size_t done = 0; done < length;) {
        size_t here = length - done < PAGE_SIZE ? length - done : PAGE_SIZE;
        unsigned index = page_to_send(net);
        struct netif_tx_request *request = ring_request(&net->send.ring);
        bool first = !done;

        memcpy(net->out[index].page, (const char *)frame + done, here);
        done += here;
        request->gref = net->out[index].grant;
        request->offset = 0;
        request->id = (uint16_t)index;
        request->size = (uint16_t)(first ? length : here);
        request->flags =
            (uint16_t)((done < length ? NETTXF_more_data : 0) | (first && gso ? NETTXF_extra_info : 0) |
                       (first && offload && offload->sum_blank ? NETTXF_csum_blank | NETTXF_data_validated : 0));
        if (first && gso)
            fill_extra(net, offload);
    }
    return true;
}

void net_push(struct net *net)
{
    if (ring_publish(&net->send.ring))
        event_send(net->port[0]);
}

bool net_send(struct net *net, const void *frame, size_t length, const struct net_offload *offload)
{
    if (!net_queue(net, frame, length, offload))
        return false;
    net_push(net);
    return true;
}

/* ---- receiving ---- */
/* The next answer; of a frame that has begun, it must come soon. */
static bool next_answer(struct net *net, void *answer, bool begun)
{
    for (unsigned tries = 0; tries < 100; tries++) {
        enum ring_answer found = ring_answer(&net->receive.ring, answer, sizeof(struct netif_rx_response));

        if (found == ANSWER_FOUND)
            return true;
        net->wrong += found == ANSWER_WRONG;
        if (!begun || found == ANSWER_WRONG)
            return false;
        port_wait(net->port[1], port_deadline(10));
    }
    net->wrong++;
    return false;
}

static void take_extra(struct net *net, struct net_offload *offload)
{
    struct netif_extra_info extra;

    do {
        unsigned index = net->receive.ring.consumed % NET_SLOTS;

        memset(&extra, 0, sizeof(extra));
        if (!next_answer(net, &extra, true))
            return;
        if (extra.type == XEN_NETIF_EXTRA_TYPE_GSO) {
            offload->gso_size = extra.u.gso.size;
            offload->gso_v6 = extra.u.gso.type == XEN_NETIF_GSO_TYPE_TCPV6;
        }
        offer_page(net, index);
    } while (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE);
}

/* Adds one slot's part to the frame and offers its page again. false: it is no good. */
static bool take_part(struct net *net, const struct netif_rx_response *part, char *frame, size_t size, size_t *length)
{
    size_t here = part->status < 0 ? 0 : (size_t)part->status;
    bool good = part->status >= 0 && part->id < NET_SLOTS && part->offset + here <= PAGE_SIZE;

    if (part->id >= NET_SLOTS || part->offset + here > PAGE_SIZE)
        net->wrong++;
    if (part->id >= NET_SLOTS)
        return false;
    if (good && *length < size)
        memcpy(frame + *length, (char *)net->in[part->id].page + part->offset,
               here < size - *length ? here : size - *length);
    *length += here;
    offer_page(net, part->id);
    return good;
}

static size_t receive_one(struct net *net, void *frame, size_t size, struct net_offload *offload, bool *good)
{
    struct netif_rx_response part;
    size_t length = 0;

    *good = true;
    if (!next_answer(net, &part, false))
        return 0;
    offload->sum_blank = part.flags & NETRXF_csum_blank;
    for (;;) {
        *good &= take_part(net, &part, frame, size, &length);
        if (part.flags & NETRXF_extra_info)
            take_extra(net, offload);
        if (!(part.flags & NETRXF_more_data))
            break;
        if (!next_answer(net, &part, true)) {
            *good = false;
            break;
        }
    }
    return length < size ? length : size;
}

size_t net_receive(struct net *net, void *frame, size_t size, struct net_offload *offload)
{
    struct net_offload nobody_asked, *extra = offload ? offload : &nobody_asked;
    size_t length;
    bool good;

    do {
        *extra = (struct net_offload){0};
        length = receive_one(net, frame, size, extra, &good);
    } while (!good);
    if (length && ring_publish(&net->receive.ring))
        event_send(net->port[1]);
    return length;
}

bool net_wait(struct net *net, unsigned milliseconds)
{
    if (!ring_sleep(&net->receive.ring))
        return true;
    ring_sleep(&net->send.ring);
    return port_wait_any(net->port, 1u + net->split, port_deadline(milliseconds));
}
