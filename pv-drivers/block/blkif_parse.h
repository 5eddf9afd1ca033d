/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a front end asks for, checked. The input is a private copy of a request (<xen/io/blkif.h>, 64-bit layout) that a
 * guest wrote: every field may be anything. What comes out is inside the disk, inside pages and allowed.
 *
 * Sectors on the ring have 512 bytes whatever the disk's sector-size is, as Linux's front and back ends have it.
 *
 * Pure.
 */
#ifndef HAVEN_PV_DRIVERS_BLOCK_BLKIF_PARSE_H
#define HAVEN_PV_DRIVERS_BLOCK_BLKIF_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>

#include <xen/io/blkif.h>

#define BLKIF_SECTOR       512u
#define BLKIF_SEGMENTS_MAX 256u /* offered as feature-max-indirect-segments: their list fits in one page */

enum block_operation { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD };

struct block_limits {
    uint64_t sectors;   /* of BLKIF_SECTOR bytes */
    uint32_t alignment; /* bytes: the disk's sector-size; no request may touch a part of one */
    bool read_only;
    bool discard; /* offered */
};

struct block_segment { /* a piece of a page of the guest */
    uint32_t grant;
    uint16_t offset, bytes;
};

struct block_request {
    uint64_t id;
    uint8_t echo; /* the operation, as the answer repeats it */
    enum block_operation operation;
    bool flush_first;       /* a write that shall come after what was written before is safe */
    uint64_t offset, bytes; /* on the disk */
    uint32_t segments;
    uint32_t list_grant; /* BLKIF_LIST: the page with the segments */
    struct block_segment segment[BLKIF_SEGMENTS_MAX];
};

enum blkif_parsed {
    BLKIF_READY,
    BLKIF_LIST,    /* the first request->segments segments of the page list_grant are still to be fetched and parsed */
    BLKIF_REFUSED, /* to be answered with *status at once */
};

/* id and echo are always set. */
enum blkif_parsed blkif_parse(const struct block_limits *limits, const union blkif_sring_entry *raw,
                              struct block_request *request, int16_t *status);
/* After BLKIF_LIST: raw is a private copy of request->segments segments. BLKIF_READY or BLKIF_REFUSED. */
enum blkif_parsed blkif_parse_list(const struct block_limits *limits, const struct blkif_request_segment *raw,
                                   struct block_request *request, int16_t *status);

#endif
