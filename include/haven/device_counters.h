/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a back end counts for one device, in a file /run/haven/devices/DOMID/KIND-ID that the worker maps and writes,
 * and that anybody maps and reads (hvctl top). Only grows; 64-bit reads and writes are whole.
 */
#ifndef HAVEN_DEVICE_COUNTERS_H
#define HAVEN_DEVICE_COUNTERS_H

#include <stdint.h>

#define DEVICE_COUNTERS_DIR "/run/haven/devices"

struct device_counters {
    uint64_t read_requests, written_requests; /* block: reads and writes; net: packets to and from the guest */
    uint64_t read_bytes, written_bytes;
    uint64_t other_requests; /* flush, discard, ... */
    uint64_t errors;         /* requests answered with an error; packets dropped */
};

#endif
