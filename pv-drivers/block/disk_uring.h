/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks that are files or block devices, by io_uring. One ring for the whole worker: operations of all its disks are
 * gathered and go to the kernel in one system call. The same ring is what the worker sleeps on, so that one system call
 * lets event channels be heard again, submits, and waits for whatever comes first.
 */
#ifndef HAVEN_PV_DRIVERS_BLOCK_DISK_URING_H
#define HAVEN_PV_DRIVERS_BLOCK_DISK_URING_H

#include "block/disk.h"

#include <stddef.h>
#include <xenevtchn.h>

#define URING_PORTS 64

struct uring;

/* With all rights: registers memory (the page pool) and the two files that wake the worker, then restricts the ring to
 * what is needed (a ring is a way around a filter of system calls). NULL with the reason. */
struct uring *uring_open(void *memory, size_t bytes, int event_channels, int loop, struct failure *failure);

/* Submits what was gathered and ends what the kernel has done. true: something ended. */
bool uring_flush(struct uring *uring);

enum uring_woken { URING_EVENTS = 1, URING_LOOP = 2 };
/* Sleeps until the event channel device has ports (URING_EVENTS), the loop's file is ready (URING_LOOP), a disk ended
 * something, or timeout_ns passed (negative: none). Those of heard are let in again first. */
unsigned uring_sleep(struct uring *uring, const evtchn_port_t *heard, unsigned heard_count, int64_t timeout_ns);
/* The ports that notified since the last call; their number. They are not heard of again until they are let in. Costs
 * nothing if something was submitted since URING_EVENTS. */
unsigned uring_ports(struct uring *uring, evtchn_port_t ports[URING_PORTS]);

/* A disk in file, which becomes the disk's if this succeeds. */
struct disk *disk_uring_open(struct uring *uring, int file, bool block_device, struct failure *failure);

#endif
