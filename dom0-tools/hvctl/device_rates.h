/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain's disks and network interfaces have done so far, all of them added up. A back end of ours counts in a
 * file (include/haven/device_counters.h), Linux's in sysfs.
 */
#ifndef HAVEN_HVCTL_DEVICE_RATES_H
#define HAVEN_HVCTL_DEVICE_RATES_H

#include <stdint.h>
#include <xenstore.h>

/* As the guest sees it: it reads, writes, receives, sends. */
struct device_totals {
    unsigned disks, nets;
    uint64_t read_bytes, written_bytes, read_requests, written_requests;
    uint64_t received_bytes, sent_bytes, received_packets, sent_packets;
};

void device_totals_read(struct xs_handle *xs, unsigned domid, struct device_totals *totals);

/* By how much a counter rose in each second of nanoseconds; 0 if it fell, since a device went. */
double device_rate(uint64_t before, uint64_t now, uint64_t nanoseconds);

#endif
