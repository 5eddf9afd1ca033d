/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk as disk=[...] specifies it, in every form of xl-disk-configuration(5): positional parameters, key=value,
 * flags, and the prefixes of older tools. Beyond those: nbd:// URIs as target, the formats vmdk and vdi, the flag
 * removable, and backendtype=haven.
 *
 * Pure. The text may be hostile.
 */
#ifndef HAVEN_CONFIG_DISK_H
#define HAVEN_CONFIG_DISK_H

#include "config/spec_error.h"
#include <stdbool.h>
#include <stdint.h>

enum disk_format {
    DISK_RAW,
    DISK_QCOW,
    DISK_QCOW2,
    DISK_VHD,
    DISK_QED,
    DISK_VMDK,
    DISK_VDI,
    DISK_NBD,   /* target is a URI */
    DISK_EMPTY, /* a drive without medium */
};

enum disk_backend {
    DISK_BACKEND_HAVEN,  /* hvdriverd's */
    DISK_BACKEND_KERNEL, /* Linux's xen-blkback */
};

#define DISK_VDEV_MAX   15   /* bytes of a device's name */
#define DISK_TARGET_MAX 1023 /* bytes */

struct disk_config {
    char *target; /* absolute path or NBD URI; NULL: an empty drive */
    char vdev[DISK_VDEV_MAX + 1];
    uint32_t device; /* the number that vdev stands for (xen-vbd-interface(7)) */
    enum disk_format format;
    enum disk_backend backend;
    bool read_only, cdrom, removable, direct_io_safe, discard, trusted;
};

/* The specification in count strings: one from a configuration, any number from a command line, which are parameters
 * as if commas stood between them (but each "target=" takes the rest of its own string only). 0, or -1 with the
 * reason; then there is nothing to free. */
int disk_parse(const char *const *text, unsigned int count, struct disk_config *disk, struct spec_error *error);
void disk_free(struct disk_config *disk);

/* The specification that parses to the same disk, malloc'ed; NULL without memory. */
char *disk_format_text(const struct disk_config *disk);

/* The number of a virtual device: xvda, hdc1, sdb, d3p2, 51712, 0xca00. -1: no such. */
int64_t disk_device_number(const char *vdev);

const char *disk_format_name(enum disk_format format);    /* as the configuration and the store have it */
const char *disk_backend_name(enum disk_backend backend); /* as backendtype has it */

#endif
