/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of a ring on their way (pv-drivers/block/queue.c and request.c) between a front end made of Xen's macros, a
 * guest whose granted pages are an array, and a disk that ends what it was given in random order. The hypervisor's part
 * are the functions below.
 */
#include "block/block_queue.h"
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <xen/grant_table.h>

#define PAGES       2048u /* granted, by their numbers */
#define DISK_BYTES  (8u << 20)
#define UNDER_WAY   2048u
#define GRANT_WRONG 100000u

static uint8_t guest[PAGES][4096] __attribute__((aligned(4096)));
static uint8_t disk_bytes[DISK_BYTES];
static uint8_t ring_page[4096] __attribute__((aligned(4096)));
static struct disk_io *under_way[UNDER_WAY];
static unsigned under_way_count, notifications, mapped;
static int next_error;

/* ---- the hypervisor ---- */

void *xengnttab_map_domain_grant_refs(xengnttab_handle *door, uint32_t count, uint32_t domid, uint32_t *refs, int prot)
{
    (void)door, (void)domid, (void)prot;
    if (count != 1 || refs[0] >= PAGES) {
        errno = EINVAL;
        return NULL;
    }
    mapped++;
    return refs[0] == 0 ? ring_page : guest[refs[0]];
}

int xengnttab_unmap(xengnttab_handle *door, void *start, uint32_t count)
{
    (void)door, (void)start;
    mapped -= count;
    return 0;
}

int xengnttab_grant_copy(xengnttab_handle *door, uint32_t count, xengnttab_grant_copy_segment_t *segs)
{
    (void)door;
    for (uint32_t i = 0; i < count; i++) {
        xengnttab_grant_copy_segment_t *s = &segs[i];
        bool from = s->flags & GNTCOPY_source_gref;
        uint32_t ref = from ? s->source.foreign.ref : s->dest.foreign.ref;
        uint32_t offset = from ? s->source.foreign.offset : s->dest.foreign.offset;
        CU_ASSERT_FATAL(offset + s->len <= 4096);
        s->status = ref < PAGES ? GNTST_okay : GNTST_bad_gntref;
        if (ref < PAGES && from)
            memcpy(s->dest.virt, guest[ref] + offset, s->len);
        else if (ref < PAGES)
            memcpy(guest[ref] + offset, s->source.virt, s->len);
    }
    return 0;
}

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned flags)
{
    (void)logger, (void)flags;
    return NULL;
}

int xengntshr_close(xengntshr_handle *share)
{
    (void)share;
    return 0;
}

void *xengntshr_share_pages(xengntshr_handle *share, uint32_t domid, int count, uint32_t *refs, int writable)
{
    (void)share, (void)domid, (void)count, (void)refs, (void)writable;
    return NULL;
}

int worker_channel_bind(struct worker *w, struct worker_channel *channel, uint32_t port, struct failure *failure)
{
    (void)w, (void)port, (void)failure;
    channel->bound = true;
    return 0;
}

void worker_channel_unbind(struct worker *w, struct worker_channel *channel)
{
    (void)w;
    channel->bound = false;
}

void worker_channel_notify(struct worker *w, struct worker_channel *channel)
{
    (void)w, (void)channel;
    notifications++;
}

bool worker_uring_enter(struct worker_uring *uring, bool wait)
{
    (void)uring, (void)wait;
    return false;
}

/* ---- the disk ---- */

static void disk_takes(struct disk *disk, struct disk_io *io)
{
    (void)disk;
    CU_ASSERT_FATAL(under_way_count < UNDER_WAY);
    under_way[under_way_count++] = io;
}

static void disk_moves(struct disk_io *io)
{
    uint64_t at = io->offset;

    for (uint32_t i = 0; i < io->vectors && io->operation <= BLOCK_WRITE; i++) {
        CU_ASSERT_FATAL(at + io->memory[i].iov_len <= DISK_BYTES);
        if (io->operation == BLOCK_READ)
            memcpy(io->memory[i].iov_base, disk_bytes + at, io->memory[i].iov_len);
        else
            memcpy(disk_bytes + at, io->memory[i].iov_base, io->memory[i].iov_len);
        at += io->memory[i].iov_len;
    }
    CU_ASSERT(io->operation > BLOCK_WRITE || at == io->offset + io->bytes);
}

/* Ends one of those under way, any. */
static void disk_ends_one(void)
{
    unsigned which = (unsigned)unit_random_below(under_way_count);
    struct disk_io *io = under_way[which];

    under_way[which] = under_way[--under_way_count];
    if (!next_error)
        disk_moves(io);
    io->done(io, next_error);
    next_error = 0;
}

static const struct disk_ops ops = {.submit = disk_takes};

/* ---- the device and its front end ---- */

static struct block_worker block;
static struct block_device device;
static struct device_counters counters;
static struct worker worker;
static struct disk disk = {.ops = &ops};
static blkif_front_ring_t front;
static uint8_t pool[POOL_BYTES] __attribute__((aligned(4096)));
static uint8_t second_pool[POOL_BYTES] __attribute__((aligned(4096)));

static bool with_granted;

static void start(bool persistent)
{
    const struct worker_queue from = {.ring[0] = {.pages = 1, .grants = {0}}};
    struct failure failure = {""};

    memset(ring_page, 0, sizeof(ring_page));
    ((blkif_sring_t *)ring_page)->req_event = ((blkif_sring_t *)ring_page)->rsp_event = 1;
    memset(&block, 0, sizeof(block));
    memset(&device, 0, sizeof(device));
    memset(&counters, 0, sizeof(counters));
    under_way_count = 0;
    block.worker = &worker;
    page_pool_init(&block.pinned, pool);
    if (with_granted)
        page_pool_init(&block.granted, second_pool);
    requests_init(&block);
    device.block = &block;
    device.limits = (struct block_limits){.sectors = DISK_BYTES / 512, .alignment = 512, .discard = true};
    device.disk = &disk;
    device.counters = &counters;
    device.queues = 1;
    FRONT_RING_INIT(&front, (blkif_sring_t *)ring_page, 4096);
    CU_ASSERT_FATAL(queue_connect(&device.queue[0], &device, &from, persistent, &failure) == 0);
}

static bool pool_is_whole(struct page_pool *of)
{
    unsigned runs = 0;

    while (page_pool_take(of, 1 << 20) != POOL_NONE)
        runs++;
    return runs == POOL_RUNS;
}

static void stop(void)
{
    queue_let_go(&device.queue[0]);
    CU_ASSERT(mapped == 0);
    CU_ASSERT(device.lost || pool_is_whole(&block.pinned));
    CU_ASSERT(device.lost || !with_granted || pool_is_whole(&block.granted));
}

static void ask(uint8_t operation, uint64_t id, uint64_t sector, uint32_t first_grant, unsigned segments)
{
    blkif_request_t *request = RING_GET_REQUEST(&front, front.req_prod_pvt);

    memset(request, 0, sizeof(*request));
    *request =
        (blkif_request_t){.operation = operation, .nr_segments = (uint8_t)segments, .id = id, .sector_number = sector};
    for (unsigned i = 0; i < segments; i++)
        request->seg[i] = (struct blkif_request_segment){.gref = first_grant + i, .last_sect = 7};
    front.req_prod_pvt++;
    front.sring->req_prod = front.req_prod_pvt;
}

static void turn(void)
{
    queue_take(&device.queue[0]);
    requests_run(&block);
    queue_answer(&device.queue[0]);
}

static bool hear(uint64_t id, int16_t status)
{
    if (front.rsp_cons == front.sring->rsp_prod)
        return false;
    blkif_response_t *response = RING_GET_RESPONSE(&front, front.rsp_cons++);
    return response->id == id && response->status == status;
}

static bool silent(void)
{
    return front.rsp_cons == front.sring->rsp_prod;
}

/* ---- tests ---- */

/* Many rounds of a full ring: answers come in the order of the requests, whatever the disk's order, and data is right.
 */
static void flow(bool persistent)
{
    static uint8_t expected[DISK_BYTES];
    uint64_t id = 1, heard = 1;

    memset(disk_bytes, 0, sizeof(disk_bytes));
    memset(expected, 0, sizeof(expected));
    start(persistent);
    for (int round = 0; round < 3000; round++) {
        uint32_t slot = (uint32_t)(id % 32);
        uint64_t sector = slot * 128; /* those under way at a time do not meet */
        if (id - heard < 32 && unit_random_below(2)) {
            unsigned segments = 1 + (unsigned)unit_random_below(11);
            for (unsigned i = 0; i < segments; i++)
                for (unsigned k = 0; k < 4096; k += 64)
                    guest[1 + slot * 11 + i][k] = (uint8_t)unit_random();
            bool write = unit_random_below(2);
            ask(write ? BLKIF_OP_WRITE : BLKIF_OP_READ, id++, sector, 1 + slot * 11, segments);
            if (write)
                memcpy(expected + sector * 512, guest[1 + slot * 11], segments * 4096);
        }
        turn();
        if (under_way_count && unit_random_below(2))
            disk_ends_one();
        turn();
        while (!silent()) {
            CU_ASSERT_FATAL(hear(heard, BLKIF_RSP_OKAY));
            heard++;
        }
    }
    for (; heard < id; turn()) {
        if (under_way_count)
            disk_ends_one();
        while (!silent())
            CU_ASSERT_FATAL(hear(heard++, BLKIF_RSP_OKAY));
    }
    CU_ASSERT(memcmp(expected, disk_bytes, sizeof(expected)) == 0);
    CU_ASSERT(counters.read_requests + counters.written_requests == id - 1 && counters.errors == 0);
    CU_ASSERT(device.busy == 0);
    stop();
}

static void test_copied(void)
{
    flow(false);
    with_granted = true;
    flow(false);
    with_granted = false;
}

static void test_mapped(void)
{
    flow(true);
}

static void test_order(void)
{
    start(false);
    ask(BLKIF_OP_READ, 1, 0, 1, 1);
    ask(BLKIF_OP_READ, 2, 0, GRANT_WRONG, 1);
    ask(99, 3, 0, 1, 1);
    turn();
    CU_ASSERT(silent()); /* the third is known to be refused, and waits */
    CU_ASSERT(under_way_count == 2);
    under_way[0]->done(under_way[0], 0);
    turn();
    CU_ASSERT(hear(1, BLKIF_RSP_OKAY) && silent());
    under_way[1]->done(under_way[1], 0);
    turn();
    CU_ASSERT(hear(2, BLKIF_RSP_ERROR) && hear(3, BLKIF_RSP_EOPNOTSUPP) && silent());
    under_way_count = 0;
    CU_ASSERT(counters.errors == 2);
    stop();
}

static void test_errors(void)
{
    for (int persistent = 0; persistent < 2; persistent++) {
        start(persistent);
        ask(BLKIF_OP_WRITE, 1, 0, GRANT_WRONG, 1); /* never reaches the disk */
        ask(BLKIF_OP_WRITE, 2, 0, 1, 1);
        ask(BLKIF_OP_FLUSH_DISKCACHE, 3, 0, 1, 1);
        turn();
        CU_ASSERT(under_way_count == 2 && hear(1, BLKIF_RSP_ERROR));
        next_error = EIO;
        under_way_count--;
        struct disk_io *flush = under_way[1];
        CU_ASSERT(flush->operation == BLOCK_FLUSH);
        disk_ends_one();
        turn();
        CU_ASSERT(hear(2, BLKIF_RSP_ERROR) && silent());
        flush->done(flush, 0);
        turn();
        CU_ASSERT(under_way_count == 1 && under_way[0]->operation == BLOCK_WRITE); /* after the flush */
        disk_ends_one();
        turn();
        CU_ASSERT(hear(3, BLKIF_RSP_OKAY));
        stop();
    }
}

/* What a front end must not ask for: each is answered at once, none reaches the disk, and the next good one is served.
 */
static void test_refused(void)
{
    static const struct {
        uint8_t operation, segments, first, last; /* of its first segment */
        bool read_only, no_discard;
        uint64_t sector;
        int16_t status;
    } cases[] = {
        {BLKIF_OP_READ, 0, 0, 7, false, false, 0, BLKIF_RSP_ERROR},
        {BLKIF_OP_WRITE, 0, 0, 7, false, false, 0, BLKIF_RSP_ERROR},
        {BLKIF_OP_READ, 12, 0, 7, false, false, 0, BLKIF_RSP_ERROR}, /* more than a request has room for */
        {BLKIF_OP_WRITE, 255, 0, 7, false, false, 0, BLKIF_RSP_ERROR},
        {BLKIF_OP_READ, 1, 3, 2, false, false, 0, BLKIF_RSP_ERROR}, /* a piece that ends before it begins */
        {BLKIF_OP_READ, 1, 0, 8, false, false, 0, BLKIF_RSP_ERROR}, /* beyond its page */
        {BLKIF_OP_WRITE, 1, 255, 255, false, false, 0, BLKIF_RSP_ERROR},
        {BLKIF_OP_READ, 1, 0, 7, false, false, DISK_BYTES / 512, BLKIF_RSP_ERROR}, /* behind the disk */
        {BLKIF_OP_READ, 1, 0, 7, false, false, DISK_BYTES / 512 - 7, BLKIF_RSP_ERROR},
        {BLKIF_OP_WRITE, 1, 0, 7, false, false, UINT64_MAX, BLKIF_RSP_ERROR},
        {BLKIF_OP_WRITE, 1, 0, 7, false, false, UINT64_MAX / 512 + 1, BLKIF_RSP_ERROR},
        {BLKIF_OP_WRITE, 1, 0, 7, true, false, 0, BLKIF_RSP_ERROR},
        {BLKIF_OP_FLUSH_DISKCACHE, 1, 0, 7, true, false, 0, BLKIF_RSP_ERROR}, /* with data */
        {BLKIF_OP_DISCARD, 0, 0, 0, true, true, 0, BLKIF_RSP_EOPNOTSUPP},
        {BLKIF_OP_DISCARD, 0, 0, 0, false, true, 0, BLKIF_RSP_EOPNOTSUPP},
        {BLKIF_OP_DISCARD, 0, 0, 0, false, false, 0, BLKIF_RSP_ERROR}, /* of no sectors */
        {BLKIF_OP_WRITE_BARRIER, 1, 0, 7, false, false, 0, BLKIF_RSP_EOPNOTSUPP},
        {BLKIF_OP_RESERVED_1, 1, 0, 7, false, false, 0, BLKIF_RSP_EOPNOTSUPP},
        {255, 1, 0, 7, false, false, 0, BLKIF_RSP_EOPNOTSUPP},
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start(i % 2);
        device.limits.read_only = cases[i].read_only;
        device.limits.discard = !cases[i].no_discard;
        blkif_request_t *request = RING_GET_REQUEST(&front, front.req_prod_pvt);
        ask(cases[i].operation, 100 + i, cases[i].sector, 1, 1);
        request->nr_segments = cases[i].segments;
        if (cases[i].operation != BLKIF_OP_DISCARD) {
            request->seg[0].first_sect = cases[i].first;
            request->seg[0].last_sect = cases[i].last;
        } else {
            ((blkif_request_discard_t *)request)->nr_sectors = 0;
        }
        ask(BLKIF_OP_READ, 200 + i, 0, 1, 1);
        turn();
        CU_ASSERT(front.sring->rsp_prod == 1 && RING_GET_RESPONSE(&front, 0)->operation == cases[i].operation);
        CU_ASSERT(hear(100 + i, cases[i].status) && silent() && counters.errors == 1);
        CU_ASSERT_FATAL(under_way_count == 1); /* the good one alone */
        disk_ends_one();
        turn();
        CU_ASSERT(hear(200 + i, BLKIF_RSP_OKAY) && silent() && device.busy == 0 && !device.broken);
        stop();
    }
}

/* 256 segments, their list in a page of the guest; more of them at once than the pool holds. */
static void test_indirect_and_starving(void)
{
    struct blkif_request_segment *list = (struct blkif_request_segment *)guest[1500];

    memset(disk_bytes, 7, sizeof(disk_bytes));
    start(false);
    for (unsigned i = 0; i < 256; i++)
        list[i] = (struct blkif_request_segment){.gref = 1 + i, .last_sect = 7};
    for (uint64_t id = 1; id <= 6; id++) {
        ask(BLKIF_OP_INDIRECT, id, 0, 0, 0);
        struct blkif_request_indirect *r =
            (struct blkif_request_indirect *)RING_GET_REQUEST(&front, front.req_prod_pvt - 1);
        r->indirect_op = BLKIF_OP_READ;
        r->nr_segments = 256;
        r->indirect_grefs[0] = id == 5 ? GRANT_WRONG : 1500;
        r->sector_number = 2048 * (id % 4);
    }
    turn();
    CU_ASSERT(under_way_count == POOL_RUNS && block.starved.first != NULL);
    for (unsigned i = 0; i < 5; i++) {
        CU_ASSERT_FATAL(under_way_count > 0);
        disk_ends_one();
        turn();
    }
    for (uint64_t id = 1; id <= 6; id++)
        CU_ASSERT(hear(id, id == 5 ? BLKIF_RSP_ERROR : BLKIF_RSP_OKAY));
    CU_ASSERT(guest[256][4095] == 7);
    stop();
}

/* The server behind the disk goes away: what it had is not answered, and the ring still has it for the next. */
static void test_lost(void)
{
    start(false);
    for (uint64_t id = 1; id <= 4; id++)
        ask(BLKIF_OP_READ, id, 0, 1, 1);
    turn();
    under_way[0]->done(under_way[0], 0);
    under_way[1]->done(under_way[1], ESHUTDOWN);
    under_way[2]->done(under_way[2], 0);
    under_way[3]->done(under_way[3], ESHUTDOWN);
    turn();
    CU_ASSERT(hear(1, BLKIF_RSP_OKAY) && silent());
    CU_ASSERT(device.lost && device.busy == 0);
    CU_ASSERT(pool_is_whole(&block.pinned));
    stop();
    struct shared_ring ring;
    CU_ASSERT(shared_ring_attach(&ring, ring_page, 4096, sizeof(union blkif_sring_entry)));
    CU_ASSERT(shared_ring_waiting(&ring) == 3);
    blkif_request_t request;
    CU_ASSERT(shared_ring_take(&ring, &request, sizeof(request)) == RING_TAKEN && request.id == 2);
}

static void test_broken_ring(void)
{
    start(false);
    front.sring->req_prod = 33;
    CU_ASSERT(!queue_take(&device.queue[0]));
    CU_ASSERT(device.broken && device.busy == 0);
    stop();
}

static void test_pool(void)
{
    static struct page_pool p;
    static uint8_t used[POOL_PAGES];
    uint32_t page[600];
    size_t bytes[600];
    unsigned count = 0;

    page_pool_init(&p, pool);
    for (int i = 0; i < 100000; i++) {
        if (count < 600 && unit_random_below(2)) {
            bytes[count] = 512 * (1 + unit_random_below(unit_random_below(8) ? 64 : 2048));
            page[count] = page_pool_take(&p, bytes[count]);
            if (page[count] == POOL_NONE)
                continue;
            for (uint32_t k = 0; k < (bytes[count] + 4095) / 4096; k++)
                CU_ASSERT_FATAL(page[count] + k < POOL_PAGES && used[page[count] + k]++ == 0);
            count++;
        } else if (count) {
            unsigned which = (unsigned)unit_random_below(count);
            for (uint32_t k = 0; k < (bytes[which] + 4095) / 4096; k++)
                used[page[which] + k] = 0;
            page_pool_give(&p, page[which], bytes[which]);
            page[which] = page[--count];
            bytes[which] = bytes[count];
        }
    }
    while (count--)
        page_pool_give(&p, page[count], bytes[count]);
    for (unsigned i = 0; i < POOL_RUNS; i++)
        CU_ASSERT(page_pool_take(&p, 1 << 20) != POOL_NONE);
    CU_ASSERT(page_pool_take(&p, 512) == POOL_NONE);
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"copied data, answers in order", test_copied},
        {"mapped data, answers in order", test_mapped},
        {"a later end waits for an earlier one", test_order},
        {"wrong grants and errors of the disk", test_errors},
        {"requests that must not be", test_refused},
        {"indirect requests, more than the pool holds", test_indirect_and_starving},
        {"the disk's server goes away", test_lost},
        {"counters that cannot be", test_broken_ring},
        {"the pool", test_pool},
        CU_TEST_INFO_NULL,
    };

    return unit_run("block_queue", cases);
}
