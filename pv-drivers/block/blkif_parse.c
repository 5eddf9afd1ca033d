/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See blkif_parse.h. Refusals are told apart as Linux's back end does: an operation that is not known or not offered is
 * EOPNOTSUPP (the front end turns the feature off), everything else ERROR.
 */
#include "block/blkif_parse.h"

#include <stddef.h>

#define SECTORS_PER_PAGE 8u

_Static_assert(sizeof(struct blkif_request) == 112, "64-bit layout");
_Static_assert(sizeof(struct blkif_request_segment) * BLKIF_SEGMENTS_MAX <= 4096, "the list is in one page");
_Static_assert(offsetof(struct blkif_request, id) == offsetof(struct blkif_request_indirect, id), "id is read once");
_Static_assert(offsetof(struct blkif_request, id) == offsetof(struct blkif_request_discard, id), "id is read once");

static enum blkif_parsed refuse(int16_t *status, int16_t why)
{
    *status = why;
    return BLKIF_REFUSED;
}

static bool range_is_in_disk(const struct block_limits *limits, uint64_t sector, uint64_t sectors)
{
    uint64_t unit = limits->alignment / BLKIF_SECTOR;

    return sectors && sectors <= limits->sectors && sector <= limits->sectors - sectors && sector % unit == 0 &&
           sectors % unit == 0;
}

/* Any of the list may be anything; the first count of raw become the request's. */
static enum blkif_parsed parse_segments(const struct block_limits *limits, const struct blkif_request_segment *raw,
                                        uint32_t count, struct block_request *request, int16_t *status)
{
    uint64_t sectors = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t first = raw[i].first_sect, last = raw[i].last_sect;
        if (first > last || last >= SECTORS_PER_PAGE)
            return refuse(status, BLKIF_RSP_ERROR);
        request->segment[i] = (struct block_segment){
            .grant = raw[i].gref,
            .offset = (uint16_t)(first * BLKIF_SECTOR),
            .bytes = (uint16_t)((last - first + 1) * BLKIF_SECTOR),
        };
        sectors += last - first + 1;
    }
    request->segments = count;
    request->bytes = sectors * BLKIF_SECTOR;
    if (!range_is_in_disk(limits, request->offset / BLKIF_SECTOR, sectors))
        return refuse(status, BLKIF_RSP_ERROR);
    return BLKIF_READY;
}

/* The first sector, in bytes on the disk, if the disk has it at all: so that nothing overflows from here on. */
static bool take_place(const struct block_limits *limits, uint64_t sector, struct block_request *request)
{
    if (sector >= limits->sectors)
        return false;
    request->offset = sector * BLKIF_SECTOR;
    return true;
}

static enum blkif_parsed parse_transfer(const struct block_limits *limits, const struct blkif_request *raw,
                                        struct block_request *request, int16_t *status)
{
    if (request->operation == BLOCK_WRITE && limits->read_only)
        return refuse(status, BLKIF_RSP_ERROR);
    if (raw->nr_segments == 0 || raw->nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST ||
        !take_place(limits, raw->sector_number, request))
        return refuse(status, BLKIF_RSP_ERROR);
    return parse_segments(limits, raw->seg, raw->nr_segments, request, status);
}

static enum blkif_parsed parse_flush(const struct block_limits *limits, const struct blkif_request *raw,
                                     struct block_request *request, int16_t *status)
{
    if (raw->nr_segments) { /* data that is to be written after the flush */
        request->operation = BLOCK_WRITE;
        request->flush_first = true;
        return parse_transfer(limits, raw, request, status);
    }
    request->operation = BLOCK_FLUSH;
    return BLKIF_READY;
}

static enum blkif_parsed parse_discard(const struct block_limits *limits, const struct blkif_request_discard *raw,
                                       struct block_request *request, int16_t *status)
{
    if (!limits->discard || (raw->flag & BLKIF_DISCARD_SECURE)) /* never offered: the promise could not be kept */
        return refuse(status, BLKIF_RSP_EOPNOTSUPP);
    if (limits->read_only || !take_place(limits, raw->sector_number, request) ||
        !range_is_in_disk(limits, raw->sector_number, raw->nr_sectors))
        return refuse(status, BLKIF_RSP_ERROR);
    request->operation = BLOCK_DISCARD;
    request->bytes = raw->nr_sectors * BLKIF_SECTOR;
    return BLKIF_READY;
}

static enum blkif_parsed parse_indirect(const struct block_limits *limits, const struct blkif_request_indirect *raw,
                                        struct block_request *request, int16_t *status)
{
    request->echo = raw->indirect_op;
    if (raw->indirect_op != BLKIF_OP_READ && raw->indirect_op != BLKIF_OP_WRITE)
        return refuse(status, BLKIF_RSP_EOPNOTSUPP);
    request->operation = raw->indirect_op == BLKIF_OP_READ ? BLOCK_READ : BLOCK_WRITE;
    if (request->operation == BLOCK_WRITE && limits->read_only)
        return refuse(status, BLKIF_RSP_ERROR);
    if (raw->nr_segments == 0 || raw->nr_segments > BLKIF_SEGMENTS_MAX ||
        !take_place(limits, raw->sector_number, request))
        return refuse(status, BLKIF_RSP_ERROR);
    request->segments = raw->nr_segments;
    request->list_grant = raw->indirect_grefs[0];
    return BLKIF_LIST;
}

enum blkif_parsed blkif_parse(const struct block_limits *limits, const union blkif_sring_entry *raw,
                              struct block_request *request, int16_t *status)
{
    request->id = raw->req.id;
    request->echo = raw->req.operation;
    request->flush_first = false;
    request->segments = 0;
    request->offset = request->bytes = 0;
    switch (raw->req.operation) {
    case BLKIF_OP_READ:
        request->operation = BLOCK_READ;
        return parse_transfer(limits, &raw->req, request, status);
    case BLKIF_OP_WRITE:
        request->operation = BLOCK_WRITE;
        return parse_transfer(limits, &raw->req, request, status);
    case BLKIF_OP_FLUSH_DISKCACHE:
        return parse_flush(limits, &raw->req, request, status);
    case BLKIF_OP_DISCARD:
        return parse_discard(limits, (const struct blkif_request_discard *)raw, request, status);
    case BLKIF_OP_INDIRECT:
        return parse_indirect(limits, (const struct blkif_request_indirect *)raw, request, status);
    default: /* WRITE_BARRIER among them: not offered */
        return refuse(status, BLKIF_RSP_EOPNOTSUPP);
    }
}

enum blkif_parsed blkif_parse_list(const struct block_limits *limits, const struct blkif_request_segment *raw,
                                   struct block_request *request, int16_t *status)
{
    return parse_segments(limits, raw, request->segments, request, status);
}
