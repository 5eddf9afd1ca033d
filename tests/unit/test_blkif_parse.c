/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pv-drivers/block/blkif_parse.c: what front ends ask for, rightly and wrongly. */
#include "block/blkif_parse.h"
#include "unit.h"

#include <string.h>

static const struct block_limits disk = {.sectors = 1000, .alignment = 512, .discard = true};
static struct block_request request;
static int16_t status;

static union blkif_sring_entry ask(uint8_t operation, uint8_t segments, uint64_t sector)
{
    union blkif_sring_entry raw;

    memset(&raw, 0xee, sizeof(raw));
    raw.req.operation = operation;
    raw.req.nr_segments = segments;
    raw.req.id = 0x1122334455667788;
    raw.req.sector_number = sector;
    for (unsigned i = 0; i < segments && i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++)
        raw.req.seg[i] = (struct blkif_request_segment){.gref = 100 + i, .first_sect = 0, .last_sect = 7};
    return raw;
}

static enum blkif_parsed parse(const struct block_limits *limits, union blkif_sring_entry raw)
{
    memset(&request, 0xcc, sizeof(request));
    status = 99;
    enum blkif_parsed result = blkif_parse(limits, &raw, &request, &status);
    CU_ASSERT(request.id == 0x1122334455667788);
    return result;
}

static bool refused(const struct block_limits *limits, union blkif_sring_entry raw, int16_t with)
{
    return parse(limits, raw) == BLKIF_REFUSED && status == with;
}

static void test_transfers(void)
{
    union blkif_sring_entry raw = ask(BLKIF_OP_WRITE, 3, 10);

    raw.req.seg[1].first_sect = 2;
    raw.req.seg[2].last_sect = 0;
    CU_ASSERT(parse(&disk, raw) == BLKIF_READY);
    CU_ASSERT(request.operation == BLOCK_WRITE && request.echo == BLKIF_OP_WRITE && !request.flush_first);
    CU_ASSERT(request.offset == 10 * 512 && request.bytes == (8 + 6 + 1) * 512 && request.segments == 3);
    CU_ASSERT(request.segment[1].grant == 101 && request.segment[1].offset == 1024);
    CU_ASSERT(request.segment[1].bytes == 3072 && request.segment[2].bytes == 512);
    CU_ASSERT(parse(&disk, ask(BLKIF_OP_READ, 11, 0)) == BLKIF_READY && request.operation == BLOCK_READ);
}

static void test_bounds(void)
{
    union blkif_sring_entry raw;

    CU_ASSERT(parse(&disk, ask(BLKIF_OP_READ, 1, 992)) == BLKIF_READY);
    CU_ASSERT(refused(&disk, ask(BLKIF_OP_READ, 1, 993), BLKIF_RSP_ERROR));
    CU_ASSERT(refused(&disk, ask(BLKIF_OP_READ, 1, 1000), BLKIF_RSP_ERROR));
    CU_ASSERT(refused(&disk, ask(BLKIF_OP_READ, 1, UINT64_MAX), BLKIF_RSP_ERROR));
    CU_ASSERT(refused(&disk, ask(BLKIF_OP_READ, 1, UINT64_MAX / 512 + 1), BLKIF_RSP_ERROR)); /* 0 in bytes */
    CU_ASSERT(refused(&disk, ask(BLKIF_OP_READ, 0, 0), BLKIF_RSP_ERROR));
    CU_ASSERT(refused(&disk, ask(BLKIF_OP_READ, 12, 0), BLKIF_RSP_ERROR));
    CU_ASSERT(refused(&disk, ask(BLKIF_OP_READ, 255, 0), BLKIF_RSP_ERROR));
    raw = ask(BLKIF_OP_READ, 2, 0);
    raw.req.seg[1].last_sect = 8;
    CU_ASSERT(refused(&disk, raw, BLKIF_RSP_ERROR));
    raw.req.seg[1] = (struct blkif_request_segment){.first_sect = 5, .last_sect = 4};
    CU_ASSERT(refused(&disk, raw, BLKIF_RSP_ERROR));
    raw.req.seg[1] = (struct blkif_request_segment){.first_sect = 255, .last_sect = 255};
    CU_ASSERT(refused(&disk, raw, BLKIF_RSP_ERROR));
    CU_ASSERT(refused(&(struct block_limits){.alignment = 512}, ask(BLKIF_OP_READ, 1, 0), BLKIF_RSP_ERROR));
}

static void test_large_sectors(void)
{
    const struct block_limits large = {.sectors = 1000, .alignment = 4096};
    union blkif_sring_entry raw = ask(BLKIF_OP_WRITE, 1, 8);

    CU_ASSERT(parse(&large, raw) == BLKIF_READY);
    CU_ASSERT(refused(&large, ask(BLKIF_OP_WRITE, 1, 4), BLKIF_RSP_ERROR));
    raw.req.seg[0].last_sect = 6;
    CU_ASSERT(refused(&large, raw, BLKIF_RSP_ERROR));
}

static void test_read_only(void)
{
    const struct block_limits fixed = {.sectors = 1000, .alignment = 512, .read_only = true, .discard = true};
    union blkif_sring_entry raw = ask(BLKIF_OP_DISCARD, 0, 0);

    raw.req.sector_number = 0;
    ((struct blkif_request_discard *)&raw)->flag = 0;
    ((struct blkif_request_discard *)&raw)->nr_sectors = 8;
    CU_ASSERT(refused(&fixed, raw, BLKIF_RSP_ERROR));
    CU_ASSERT(refused(&fixed, ask(BLKIF_OP_WRITE, 1, 0), BLKIF_RSP_ERROR));
    CU_ASSERT(refused(&fixed, ask(BLKIF_OP_FLUSH_DISKCACHE, 1, 0), BLKIF_RSP_ERROR));
    CU_ASSERT(parse(&fixed, ask(BLKIF_OP_FLUSH_DISKCACHE, 0, 0)) == BLKIF_READY);
    CU_ASSERT(parse(&fixed, ask(BLKIF_OP_READ, 1, 0)) == BLKIF_READY);
}

static void test_flush_and_discard(void)
{
    union blkif_sring_entry raw = ask(BLKIF_OP_DISCARD, 0, 992);
    struct blkif_request_discard *discard = (struct blkif_request_discard *)&raw;

    CU_ASSERT(parse(&disk, ask(BLKIF_OP_FLUSH_DISKCACHE, 0, UINT64_MAX)) == BLKIF_READY);
    CU_ASSERT(request.operation == BLOCK_FLUSH && request.bytes == 0 && request.segments == 0);
    CU_ASSERT(parse(&disk, ask(BLKIF_OP_FLUSH_DISKCACHE, 2, 0)) == BLKIF_READY);
    CU_ASSERT(request.operation == BLOCK_WRITE && request.flush_first && request.echo == BLKIF_OP_FLUSH_DISKCACHE);
    discard->flag = 0;
    discard->nr_sectors = 8;
    CU_ASSERT(parse(&disk, raw) == BLKIF_READY && request.operation == BLOCK_DISCARD && request.bytes == 4096);
    discard->nr_sectors = 9;
    CU_ASSERT(refused(&disk, raw, BLKIF_RSP_ERROR));
    discard->nr_sectors = UINT64_MAX - 990;
    CU_ASSERT(refused(&disk, raw, BLKIF_RSP_ERROR));
    discard->nr_sectors = 0;
    CU_ASSERT(refused(&disk, raw, BLKIF_RSP_ERROR));
    discard->nr_sectors = 8;
    discard->flag = BLKIF_DISCARD_SECURE;
    CU_ASSERT(refused(&disk, raw, BLKIF_RSP_EOPNOTSUPP));
    discard->flag = 0;
    CU_ASSERT(refused(&(struct block_limits){.sectors = 1000, .alignment = 512}, raw, BLKIF_RSP_EOPNOTSUPP));
}

static void test_unknown(void)
{
    CU_ASSERT(refused(&disk, ask(BLKIF_OP_WRITE_BARRIER, 1, 0), BLKIF_RSP_EOPNOTSUPP));
    CU_ASSERT(refused(&disk, ask(BLKIF_OP_RESERVED_1, 1, 0), BLKIF_RSP_EOPNOTSUPP));
    CU_ASSERT(refused(&disk, ask(255, 1, 0), BLKIF_RSP_EOPNOTSUPP));
    CU_ASSERT(request.echo == 255);
}

static union blkif_sring_entry ask_indirect(uint8_t operation, uint16_t segments, uint64_t sector)
{
    union blkif_sring_entry raw = ask(BLKIF_OP_INDIRECT, 0, sector);
    struct blkif_request_indirect *indirect = (struct blkif_request_indirect *)&raw;

    indirect->indirect_op = operation;
    indirect->nr_segments = segments;
    indirect->indirect_grefs[0] = 77;
    return raw;
}

static void test_indirect(void)
{
    struct blkif_request_segment list[BLKIF_SEGMENTS_MAX];
    const struct block_limits large = {.sectors = 1u << 20, .alignment = 512};

    for (unsigned i = 0; i < BLKIF_SEGMENTS_MAX; i++)
        list[i] = (struct blkif_request_segment){.gref = i, .last_sect = 7};
    CU_ASSERT(parse(&large, ask_indirect(BLKIF_OP_WRITE, 256, 5)) == BLKIF_LIST);
    CU_ASSERT(request.echo == BLKIF_OP_WRITE && request.list_grant == 77 && request.segments == 256);
    CU_ASSERT(blkif_parse_list(&large, list, &request, &status) == BLKIF_READY);
    CU_ASSERT(request.bytes == 1u << 20 && request.segment[255].grant == 255);

    CU_ASSERT(parse(&large, ask_indirect(BLKIF_OP_READ, 2, 5)) == BLKIF_LIST);
    list[1].last_sect = 9;
    CU_ASSERT(blkif_parse_list(&large, list, &request, &status) == BLKIF_REFUSED && status == BLKIF_RSP_ERROR);
    list[1].last_sect = 7;
    CU_ASSERT(parse(&disk, ask_indirect(BLKIF_OP_READ, 200, 0)) == BLKIF_LIST);
    CU_ASSERT(blkif_parse_list(&disk, list, &request, &status) == BLKIF_REFUSED);

    CU_ASSERT(refused(&large, ask_indirect(BLKIF_OP_READ, 0, 5), BLKIF_RSP_ERROR));
    CU_ASSERT(refused(&large, ask_indirect(BLKIF_OP_READ, 257, 5), BLKIF_RSP_ERROR));
    CU_ASSERT(refused(&large, ask_indirect(BLKIF_OP_READ, 1, 1u << 20), BLKIF_RSP_ERROR));
    CU_ASSERT(refused(&large, ask_indirect(BLKIF_OP_INDIRECT, 1, 5), BLKIF_RSP_EOPNOTSUPP));
    CU_ASSERT(refused(&large, ask_indirect(BLKIF_OP_DISCARD, 1, 5), BLKIF_RSP_EOPNOTSUPP));
    CU_ASSERT(refused(&large, ask_indirect(BLKIF_OP_FLUSH_DISKCACHE, 1, 5), BLKIF_RSP_EOPNOTSUPP));
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"reads and writes", test_transfers},
        {"bounds of disk and page", test_bounds},
        {"a disk with large sectors", test_large_sectors},
        {"a read-only disk", test_read_only},
        {"flush and discard", test_flush_and_discard},
        {"operations that are not offered", test_unknown},
        {"indirect segments", test_indirect},
        CU_TEST_INFO_NULL,
    };

    return unit_run("blkif_parse", cases);
}
