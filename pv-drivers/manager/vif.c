/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network devices for the manager: a TAP in a bridge for each, whose queues go to hvnet. What the back end's node says
 * comes from the tools; what the front end's says comes from the guest and is checked.
 */
#include "libhv/store.h"
#include "manager/antispoof.h"
#include "manager/device_kind.h"
#include "manager/tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XENBUS_CONNECTED 4
#define MTU_MAX          65535

struct vif {
    struct vif *next;
    unsigned domid, id;
    char name[IFNAMSIZ], bridge[IFNAMSIZ];
    uint8_t mac[6];
    uint32_t mtu; /* 0: the bridge's */
    uint64_t rate_bytes;
    uint32_t rate_interval_us;
    bool antispoof;
    unsigned queues_offered;
    unsigned tap_count; /* queues open; the first from open to close */
    int tap[WORKER_QUEUES_MAX];
};

static struct vif *all; /* that are open */

/* ---- the back end's nodes ---- */

/* A node's text, or "" if there is none; -1 if it is longer than the room. */
static int read_text(const struct device *d, const char *node, char *text, size_t room)
{
    char *value = store_read(d->xs, XBT_NULL, "%s/%s", d->back, node);
    size_t length = value ? strlen(value) : 0;
    snprintf(text, room, "%s", value ? value : "");
    free(value);
    return length < room ? 0 : -1;
}

/* "BYTES,MICROSECONDS", as libxl writes it. Absent: no limit. */
static int read_rate(const struct device *d, uint64_t *bytes, uint32_t *interval_us, struct failure *failure)
{
    char text[64], end;
    unsigned long long b = 0, us = 0;
    if (read_text(d, "rate", text, sizeof(text)) ||
        (text[0] && (sscanf(text, "%llu,%llu%c", &b, &us, &end) != 2 || !us || us > UINT32_MAX)))
        return failure_set(failure, "rate: '%s' is not BYTES,MICROSECONDS", text);
    *bytes = b;
    *interval_us = (uint32_t)us;
    return 0;
}

static int read_mac(const struct device *d, uint8_t mac[6], struct failure *failure)
{
    char text[32], end;
    if (read_text(d, "mac", text, sizeof(text)) || sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0],
                                                          &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &end) != 6)
        return failure_set(failure, "mac: '%s' is no MAC address", text);
    return 0;
}

static bool is_interface_name(const char *name)
{
    return !name[strcspn(name, "/ \t\n\"%:")] && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int read_back(const struct device *d, struct vif *v, struct failure *failure)
{
    char flag[4];
    uint64_t mtu = 0;
    if (read_text(d, "vifname", v->name, sizeof(v->name)) || !is_interface_name(v->name))
        return failure_set(failure, "vifname: '%s' is no name for an interface (at most %u characters)", v->name,
                           IFNAMSIZ - 1);
    if (!v->name[0])
        snprintf(v->name, sizeof(v->name), "vif%u.%u", d->domid, d->id);
    if (read_text(d, "bridge", v->bridge, sizeof(v->bridge)) || !is_interface_name(v->bridge))
        return failure_set(failure, "bridge: '%s' is no name of a bridge", v->bridge);
    if (read_mac(d, v->mac, failure) || read_rate(d, &v->rate_bytes, &v->rate_interval_us, failure))
        return -1;
    if (store_read_number(d->xs, XBT_NULL, &mtu, "%s/mtu", d->back) && (mtu < 68 || mtu > MTU_MAX))
        return failure_set(failure, "mtu: %llu is out of range", (unsigned long long)mtu);
    v->mtu = (uint32_t)mtu;
    v->antispoof = !read_text(d, "haven-antispoof", flag, sizeof(flag)) && !strcmp(flag, "1");
    return 0;
}

static int write_number(const struct device *d, const char *node, unsigned value, struct failure *failure)
{
    char path[128], text[16];
    snprintf(path, sizeof(path), "%s/%s", d->back, node);
    snprintf(text, sizeof(text), "%u", value);
    return store_write(d->xs, XBT_NULL, path, text) ? 0 : failure_errno(failure, "cannot write %s", path);
}

/* What Linux's netback offers, but for what only its control ring and multicast filter need, and for an event channel
 * of its own for each ring: with one for both the guest is notified once of what was sent and of the answer to it. */
static int write_features(const struct device *d, const struct vif *v, struct failure *failure)
{
    static const char *const offered[] = {"feature-sg", "feature-gso-tcpv4", "feature-gso-tcpv6",
                                          "feature-ipv6-csum-offload", "feature-rx-copy"};
    for (unsigned i = 0; i < sizeof(offered) / sizeof(offered[0]); i++)
        if (write_number(d, offered[i], 1, failure))
            return -1;
    return write_number(d, "feature-rx-flip", 0, failure) || write_number(d, "feature-multicast-control", 0, failure) ||
                   write_number(d, "multi-queue-max-queues", v->queues_offered, failure)
               ? -1
               : 0;
}

/* ---- open and close ---- */

static void close_taps(struct vif *v, unsigned from)
{
    while (v->tap_count > from)
        close(v->tap[--v->tap_count]);
}

static int apply_antispoof(const struct device *d, const struct vif *v, struct failure *failure)
{
    char addresses[512];
    if (!v->antispoof)
        return 0;
    if (read_text(d, "ip", addresses, sizeof(addresses)))
        return failure_set(failure, "ip: more than %zu characters", sizeof(addresses) - 1);
    struct antispoof a = {.domid = d->domid, .id = d->id, .interface = v->name, .addresses = addresses};
    memcpy(a.mac, v->mac, sizeof(a.mac));
    return antispoof_apply(&a, failure);
}

/* The kernel would give this device queues of the other's TAP, and with them what is sent to the other guest. The
 * other may be about to close: a guest that starts again under a new number. */
static int check_name(const struct vif *v, struct failure *failure)
{
    for (const struct vif *other = all; other; other = other->next)
        if (strcmp(other->name, v->name) == 0) {
            failure_set(failure, "vifname: %s is the interface of domain %u's vif %u", v->name, other->domid,
                        other->id);
            return DEVICE_BUSY;
        }
    return 0;
}

static int open_tap(const struct device *d, struct vif *v, struct failure *failure)
{
    v->tap[0] = tap_open_queue(v->name, failure);
    if (v->tap[0] < 0)
        return -1;
    v->tap_count = 1;
    /* Rules before the first packet. */
    if (apply_antispoof(d, v, failure))
        return -1;
    tap_set_carrier(v->tap[0], false);
    return tap_configure(v->name, v->bridge, v->mtu, failure);
}

static void vif_free(const struct device *d, struct vif *v)
{
    for (struct vif **at = &all; *at; at = &(*at)->next)
        if (*at == v) {
            *at = v->next;
            break;
        }
    close_taps(v, 0);
    if (v->antispoof)
        antispoof_remove(d->domid, d->id);
    free(v);
}

static int vif_open(struct device *d, struct failure *failure)
{
    struct vif *v = calloc(1, sizeof(*v));
    long cpus = sysconf(_SC_NPROCESSORS_CONF); /* a manager that comes later, when some are offline, offers no less */
    if (!v)
        return failure_errno(failure, "no memory for a device");
    v->queues_offered = cpus < 1 ? 1 : cpus > WORKER_QUEUES_MAX ? WORKER_QUEUES_MAX : (unsigned)cpus;
    v->domid = d->domid;
    v->id = d->id;
    int result = read_back(d, v, failure);
    if (!result)
        result = check_name(v, failure);
    if (!result && (open_tap(d, v, failure) || write_features(d, v, failure)))
        result = -1;
    if (result) {
        vif_free(d, v);
        return result;
    }
    v->next = all;
    d->of_kind = all = v;
    return 0;
}

static void vif_close(struct device *d)
{
    if (d->of_kind)
        vif_free(d, d->of_kind);
    d->of_kind = NULL;
}

/* ---- the front end's nodes ---- */

static bool front_flag(const struct device *d, const char *node)
{
    uint64_t value;
    return store_read_number(d->xs, XBT_NULL, &value, "%s/%s", d->front, node) && value;
}

static int front_number(const struct device *d, const char *folder, const char *node, uint32_t *number,
                        struct failure *failure)
{
    uint64_t value;
    if (!store_read_number(d->xs, XBT_NULL, &value, "%s%s/%s", d->front, folder, node) || value > UINT32_MAX)
        return failure_set(failure, "the front end's %s%s%s is missing or no number", folder[0] ? folder + 1 : "",
                           folder[0] ? "/" : "", node);
    *number = (uint32_t)value;
    return 0;
}

static int read_queue(const struct device *d, const char *folder, struct worker_queue *q, struct failure *failure)
{
    if (store_exists(d->xs, XBT_NULL, "%s%s/event-channel-tx", d->front, folder)) {
        if (front_number(d, folder, "event-channel-tx", &q->event_channel[0], failure) ||
            front_number(d, folder, "event-channel-rx", &q->event_channel[1], failure))
            return -1;
    } else {
        if (front_number(d, folder, "event-channel", &q->event_channel[0], failure))
            return -1;
        q->event_channel[1] = q->event_channel[0];
    }
    q->ring[0].pages = q->ring[1].pages = 1;
    return front_number(d, folder, "tx-ring-ref", &q->ring[0].grants[0], failure) ||
                   front_number(d, folder, "rx-ring-ref", &q->ring[1].grants[0], failure)
               ? -1
               : 0;
}

static int read_queues(const struct device *d, const struct vif *v, struct worker_message *m, struct failure *failure)
{
    uint64_t queues = 1;
    store_read_number(d->xs, XBT_NULL, &queues, "%s/multi-queue-num-queues", d->front);
    if (queues < 1 || queues > v->queues_offered)
        return failure_set(failure, "the front end wants %llu queues, of %u", (unsigned long long)queues,
                           v->queues_offered);
    m->queues = (uint32_t)queues;
    for (unsigned i = 0; i < queues; i++) {
        char folder[16] = "";
        if (queues > 1)
            snprintf(folder, sizeof(folder), "/queue-%u", i);
        if (read_queue(d, folder, &m->queue[i], failure))
            return -1;
    }
    return 0;
}

static int vif_connect(struct device *d, struct worker_message *m, int *files, unsigned *count, struct failure *failure)
{
    struct vif *v = d->of_kind;
    if (!front_flag(d, "request-rx-copy"))
        return failure_set(failure, "the front end does not ask for packets to be copied (request-rx-copy)");
    if (read_queues(d, v, m, failure))
        return -1;
    struct worker_net *net = &m->net;
    memcpy(net->mac, v->mac, sizeof(net->mac));
    net->sg = front_flag(d, "feature-sg");
    net->csum_v4 = !front_flag(d, "feature-no-csum-offload");
    net->csum_v6 = front_flag(d, "feature-ipv6-csum-offload");
    net->gso_v4 = net->sg && net->csum_v4 && front_flag(d, "feature-gso-tcpv4");
    net->gso_v6 = net->sg && net->csum_v6 && front_flag(d, "feature-gso-tcpv6");
    net->rate_bytes = v->rate_bytes;
    net->rate_interval_us = v->rate_interval_us;
    struct tap_offload offload = {.csum = net->csum_v4 || net->csum_v6, .tso_v4 = net->gso_v4, .tso_v6 = net->gso_v6};
    while (v->tap_count < m->queues) {
        int tap = tap_open_queue(v->name, failure);
        if (tap < 0)
            return -1;
        v->tap[v->tap_count++] = tap;
    }
    close_taps(v, m->queues); /* frames would be lost in a queue that nobody reads */
    files[0] = d->counters;
    memcpy(files + 1, v->tap, v->tap_count * sizeof(files[0]));
    *count = 1 + v->tap_count;
    return tap_set_offload(v->tap[0], &offload, failure);
}

static int vif_connected(struct device *d, struct failure *failure)
{
    const struct vif *v = d->of_kind;
    if (tap_set_carrier(v->tap[0], true))
        return failure_errno(failure, "cannot set the carrier of %s", v->name);
    return 0;
}

/* A worker that died is replaced at once: frames wait for it. A front end that closed gets no more. */
static void vif_let_go(struct device *d)
{
    const struct vif *v = d->of_kind;
    uint64_t state = 0;
    if (!d->xs) /* the store is away for a moment */
        return;
    store_read_number(d->xs, XBT_NULL, &state, "%s/state", d->front);
    if (state != XENBUS_CONNECTED)
        tap_set_carrier(v->tap[0], false);
}

static int vif_change(struct device *d, struct worker_message *m, int *files, unsigned *count, struct failure *failure)
{
    struct vif *v = d->of_kind;
    uint64_t bytes;
    uint32_t interval_us;
    (void)files;
    if (read_rate(d, &bytes, &interval_us, failure))
        return -1;
    if (bytes == v->rate_bytes && interval_us == v->rate_interval_us)
        return 0;
    v->rate_bytes = m->net.rate_bytes = bytes;
    v->rate_interval_us = m->net.rate_interval_us = interval_us;
    *count = 0;
    return 1;
}

const struct device_kind vif_kind = {
    .name = "vif",
    .back = "haven-vif",
    .worker = "hvnet",
    .open = vif_open,
    .close = vif_close,
    .connect = vif_connect,
    .connected = vif_connected,
    .let_go = vif_let_go,
    .change = vif_change,
};
