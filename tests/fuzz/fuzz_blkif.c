/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of any bytes on a disk of any size: whatever is accepted lies in the disk, in pages, and is allowed.
 *
 * build: -iquote pv-drivers pv-drivers/block/blkif_parse.c
 */
#include "block/blkif_parse.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

static void check_accepted(const struct block_limits *limits, const struct block_request *r)
{
    uint64_t end = limits->sectors * BLKIF_SECTOR, bytes = 0;

    if (r->operation == BLOCK_FLUSH)
        return;
    check(r->bytes > 0 && r->bytes <= end && r->offset <= end - r->bytes);
    check(r->offset % limits->alignment == 0 && r->bytes % limits->alignment == 0);
    check(r->operation == BLOCK_READ || !limits->read_only);
    check(r->operation != BLOCK_DISCARD || limits->discard);
    if (r->operation == BLOCK_DISCARD)
        return;
    check(r->segments > 0 && r->segments <= BLKIF_SEGMENTS_MAX);
    for (uint32_t i = 0; i < r->segments; i++) {
        const struct block_segment *s = &r->segment[i];
        check(s->bytes > 0 && s->offset + s->bytes <= 4096);
        check(s->offset % BLKIF_SECTOR == 0 && s->bytes % BLKIF_SECTOR == 0);
        bytes += s->bytes;
    }
    check(bytes == r->bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct block_request request;
    struct blkif_request_segment *list = calloc(BLKIF_SEGMENTS_MAX, sizeof(*list));
    union blkif_sring_entry *raw = calloc(1, sizeof(*raw));
    struct block_limits limits = {.alignment = 512};
    int16_t status = 1;

    if (size > 10) { /* sectors, flags, the request, the list */
        memcpy(&limits.sectors, data, 8);
        limits.sectors %= UINT64_C(1) << 54;
        limits.read_only = data[8] & 1;
        limits.discard = data[8] & 2;
        limits.alignment = 512u << (data[8] >> 2 & 3);
        data += 9, size -= 9;
        memcpy(raw, data, size < sizeof(*raw) ? size : sizeof(*raw));
        data += size < sizeof(*raw) ? size : sizeof(*raw);
        size -= size < sizeof(*raw) ? size : sizeof(*raw);
        memcpy(list, data, size < 8 * BLKIF_SEGMENTS_MAX ? size : 8 * BLKIF_SEGMENTS_MAX);
        enum blkif_parsed result = blkif_parse(&limits, raw, &request, &status);
        if (result == BLKIF_LIST)
            result = blkif_parse_list(&limits, list, &request, &status);
        check(result != BLKIF_LIST);
        check(request.id == raw->req.id);
        check(result != BLKIF_REFUSED || status == BLKIF_RSP_ERROR || status == BLKIF_RSP_EOPNOTSUPP);
        if (result == BLKIF_READY)
            check_accepted(&limits, &request);
    }
    free(list);
    free(raw);
    return 0;
}
