/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See device_rates.h. */
#include "hvctl/device_rates.h"
#include "devices/device_list.h"
#include "haven/device_counters.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A number alone in a file; 0 if there is none. */
static uint64_t read_count(const char *directory, const char *name)
{
    char path[160], text[32];
    uint64_t count = 0;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (n > 0) {
        text[n] = '\0';
        count = strtoull(text, NULL, 10);
    }
    if (fd >= 0)
        close(fd);
    return count;
}

/* Read at once, not mapped: each count is whole, and they need not be of one instant. */
static void read_ours(const struct device_ref *ref, struct device_counters *c)
{
    char path[96];

    snprintf(path, sizeof(path), DEVICE_COUNTERS_DIR "/%u/%s-%" PRIu32, ref->domid, device_class_name(ref->class),
             ref->id);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, c, sizeof(*c)) != (ssize_t)sizeof(*c))
        *c = (struct device_counters){0};
    if (fd >= 0)
        close(fd);
}

static void read_blkback(const struct device_ref *ref, struct device_counters *c)
{
    char directory[96];

    snprintf(directory, sizeof(directory), "/sys/bus/xen-backend/devices/vbd-%u-%" PRIu32 "/statistics", ref->domid,
             ref->id);
    c->read_requests = read_count(directory, "rd_req");
    c->written_requests = read_count(directory, "wr_req");
    c->read_bytes = 512 * read_count(directory, "rd_sect");
    c->written_bytes = 512 * read_count(directory, "wr_sect");
}

/* What the interface in dom0 receives, the guest has sent. */
static void read_netback(struct xs_handle *xs, const struct device_ref *ref, struct device_counters *c)
{
    char directory[96], *name = device_read_back(xs, ref, "vifname");

    if (name && !strchr(name, '/'))
        snprintf(directory, sizeof(directory), "/sys/class/net/%.32s/statistics", name);
    else
        snprintf(directory, sizeof(directory), "/sys/class/net/vif%u.%" PRIu32 "/statistics", ref->domid, ref->id);
    free(name);
    c->read_requests = read_count(directory, "tx_packets");
    c->written_requests = read_count(directory, "rx_packets");
    c->read_bytes = read_count(directory, "tx_bytes");
    c->written_bytes = read_count(directory, "rx_bytes");
}

static void read_counters(struct xs_handle *xs, const struct device_ref *ref, struct device_counters *c)
{
    *c = (struct device_counters){0};
    if (device_ref_is_ours(ref))
        read_ours(ref, c);
    else if (ref->class == DEVICE_NET)
        read_netback(xs, ref, c);
    else
        read_blkback(ref, c);
}

void device_totals_read(struct xs_handle *xs, unsigned domid, struct device_totals *t)
{
    struct device_counters c;
    struct device_ref *list;

    *t = (struct device_totals){0};
    int n = device_list(xs, XBT_NULL, domid, DEVICE_BLOCK, &list);
    for (int i = 0; i < n; i++) {
        read_counters(xs, &list[i], &c);
        t->disks++;
        t->read_bytes += c.read_bytes;
        t->written_bytes += c.written_bytes;
        t->read_requests += c.read_requests;
        t->written_requests += c.written_requests;
    }
    free(list);
    n = device_list(xs, XBT_NULL, domid, DEVICE_NET, &list);
    for (int i = 0; i < n; i++) {
        read_counters(xs, &list[i], &c);
        t->nets++;
        t->received_bytes += c.read_bytes;
        t->sent_bytes += c.written_bytes;
        t->received_packets += c.read_requests;
        t->sent_packets += c.written_requests;
    }
    free(list);
}

double device_rate(uint64_t before, uint64_t now, uint64_t nanoseconds)
{
    return now > before && nanoseconds ? (double)(now - before) * 1e9 / (double)nanoseconds : 0;
}
