/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest finds in its memory at its first instruction: kernel, initial RAM disk, page map, start_info, the empty
 * rings of store and console, page tables, and the two grants with which the daemons in dom0 reach the rings.
 *
 * A child process writes it. It maps only the pages that it writes, all with one call, and ends: that is the cheapest
 * way to unmap them (the tables of a dead process are plain memory), nothing of the guest stays mapped in a command or
 * daemon that lives longer, and if the kernel's file is cut short meanwhile, only the child gets the SIGBUS.
 */
#ifndef HAVEN_BUILD_CONTENTS_H
#define HAVEN_BUILD_CONTENTS_H

#include "boot/dom0_layout.h"
#include "build/image.h"
#include "libhv/failure.h"
#include <stdbool.h>
#include <xen/xen.h>

#define CONTENTS_RING_PAGES 2 /* in the layout: the store's, then the console's */

struct contents {
    unsigned domid;
    const struct image *image;
    const struct file_bytes *initrd; /* NULL: none */
    const struct dom0_layout *layout;
    const xen_pfn_t *p2m;
    xen_pfn_t shared_info; /* its frame */
    const char *cmdline;   /* shorter than MAX_GUEST_CMDLINE */
    uint32_t store_port, console_port;
    bool memory_is_clean; /* the hypervisor gives out zeroed memory: zeros need not be written */
};

/* *damaged: it failed, since the kernel came from the cache and is not what was put there. */
int contents_write(const struct contents *c, bool *damaged, struct failure *failure);

/* The frame behind an address of the initial mapping. */
xen_pfn_t contents_frame(const struct contents *c, uint64_t va);

#endif
