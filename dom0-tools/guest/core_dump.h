/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory and the vCPUs of a PV guest as a file for crash tools: the "xen core" format of Debian's xl (an ELF file
 * of sections; Xen's docs/misc/dump-core-format). The guest is not stopped; a dump of a dead one is exact.
 */
#ifndef HAVEN_GUEST_CORE_DUMP_H
#define HAVEN_GUEST_CORE_DUMP_H

#include "libhv/failure.h"
#include "libhv/hypervisor.h"

/* Called now and then with what is done and what is to be done, in pages. */
typedef void (*core_dump_progress)(uint64_t done, uint64_t pages);

/* Written to fd in order, without seeking. progress may be NULL. */
int core_dump(struct hypervisor *hv, unsigned domid, int fd, core_dump_progress progress, struct failure *failure);

#endif
