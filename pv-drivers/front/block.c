/* SPDX-License-Identifier: MIT
 *
 * See block.h. A request's id is the index of its slot, so an answer's id is checked by one comparison.
 */
#include "front/block.h"
#include "front/grants.h"
#include "front/port.h"

#include "events.h"
#include "guest.h"
#include "memory.h"

#define PAGE_SECTORS 8u
#define WAIT_MS      60000u

_Static_assert(sizeof(union blkif_sring_entry) == 112, "xen/io/blkif.h");

/* ---- connecting ---- */
static void publish_ring(struct block *disk, struct xenbus_nodes *nodes)
{
    static const char *const names[] = {"ring-ref0", "ring-ref1", "ring-ref2", "ring-ref3"};

    if (disk->ring.pages == 1) {
        xenbus_add(nodes, "ring-ref", disk->ring.grant[0]);
        return;
    }
    xenbus_add(nodes, "ring-page-order", (uint64_t)__builtin_ctz(disk->ring.pages));
    for (unsigned i = 0; i < disk->ring.pages; i++)
        xenbus_add(nodes, names[i], disk->ring.grant[i]);
}

/* What the back end offers, before the rings are published. */
static void read_offers(struct block *disk, const struct block_options *options)
{
    uint64_t order = xenbus_number(disk->xenbus.back, "max-ring-page-order", 0);
    uint64_t indirect = xenbus_number(disk->xenbus.back, "feature-max-indirect-segments", 0);
    unsigned wanted = options->ring_pages ? options->ring_pages : 1;

    while (wanted > 1u << (order < 2 ? order : 2))
        wanted /= 2;
    xenbus_ring_open(&disk->ring, disk->xenbus.back_domid, wanted, sizeof(union blkif_sring_entry));
    disk->persistent = !options->plain;
    disk->pages_max = BLKIF_MAX_SEGMENTS_PER_REQUEST;
    if (!options->no_indirect && indirect > disk->pages_max)
        disk->pages_max = indirect < BLOCK_PAGES_MAX ? (unsigned)indirect : BLOCK_PAGES_MAX;
}

/* What it says once it is connected. */
static void read_disk(struct block *disk)
{
    const char *back = disk->xenbus.back;
    uint64_t info = xenbus_number(back, "info", 0);

    disk->sectors = xenbus_number(back, "sectors", 0);
    disk->sector_size = (uint32_t)xenbus_number(back, "sector-size", 512);
    disk->read_only = info & VDISK_READONLY;
    disk->persistent = disk->persistent && xenbus_number(back, "feature-persistent", 0);
    disk->flush = xenbus_number(back, "feature-flush-cache", 0);
    disk->discard = xenbus_number(back, "feature-discard", 0);
}

static long connect(struct block *disk, const struct block_options *options)
{
    struct xenbus_nodes nodes = {0};
    long ret;

    read_offers(disk, options);
    publish_ring(disk, &nodes);
    xenbus_add(&nodes, "event-channel", disk->port);
    xenbus_add(&nodes, "feature-persistent", disk->persistent);
    xenbus_add_text(&nodes, "protocol", "x86_64-abi");
    ret = xenbus_publish(&disk->xenbus, &nodes, XenbusStateInitialised);
    if (!ret)
        ret = xenbus_wait_connected(&disk->xenbus, WAIT_MS);
    if (ret)
        return ret;
    read_disk(disk);
    return xenbus_set_state(&disk->xenbus, XenbusStateConnected);
}

long block_open(struct block *disk, unsigned id, const struct block_options *options)
{
    static const struct block_options all;
    long ret, port;

    memset(disk, 0, sizeof(*disk));
    grants_init();
    ret = xenbus_open(&disk->xenbus, "vbd", id);
    if (ret)
        return ret;
    if (!xenbus_wait(&disk->xenbus, XENBUS_IS(InitWait), WAIT_MS))
        return -XEN_ETIMEDOUT;
    port = event_alloc_unbound(DOMID_SELF, disk->xenbus.back_domid);
    if (port < 0)
        return port;
    disk->port = (uint32_t)port;
    ret = connect(disk, options ? options : &all);
    if (ret)
        block_close(disk);
    return ret;
}

/* ---- pages ---- */
static void slot_finish(struct block *disk, struct block_slot *slot, int status);

/* Lends the request's pages, or copies to those that are lent already. */
static void slot_lend(struct block *disk, struct block_slot *slot)
{
    const struct block_request *request = slot->request;

    for (unsigned i = 0; i < slot->pages; i++) {
        if (!disk->persistent) {
            slot->grant[i] =
                grant_give(disk->xenbus.back_domid, request->page[i], request->operation == BLKIF_OP_WRITE);
            continue;
        }
        if (!slot->pool[i]) {
            slot->pool[i] = page_alloc();
            slot->grant[i] = grant_give(disk->xenbus.back_domid, slot->pool[i], false);
        }
        if (request->operation == BLKIF_OP_WRITE)
            memcpy(slot->pool[i], request->page[i], PAGE_SIZE);
    }
}

static void slot_take_back(struct block *disk, struct block_slot *slot)
{
    const struct block_request *request = slot->request;

    for (unsigned i = 0; i < slot->pages; i++) {
        if (!disk->persistent)
            disk->still_lent += !grant_take_back(slot->grant[i]);
        else if (request->operation == BLKIF_OP_READ)
            memcpy(request->page[i], slot->pool[i], PAGE_SIZE);
    }
}

/* At the end: what the slot keeps for itself. */
static void slot_free(struct block *disk, struct block_slot *slot)
{
    for (unsigned i = 0; i < BLOCK_PAGES_MAX; i++) {
        if (!slot->pool[i])
            continue;
        if (grant_take_back(slot->grant[i]))
            page_free(slot->pool[i]);
        else
            disk->still_lent++;
    }
    if (!slot->list)
        return;
    if (grant_take_back(slot->list_grant))
        page_free(slot->list);
    else
        disk->still_lent++;
}

/* ---- requests ---- */
static void fill_segments(struct blkif_request_segment *segments, const struct block_slot *slot)
{
    uint64_t left = slot->request->sectors;

    for (unsigned i = 0; i < slot->pages; i++) {
        uint64_t here = left < PAGE_SECTORS ? left : PAGE_SECTORS;

        segments[i] = (struct blkif_request_segment){.gref = slot->grant[i], .last_sect = (uint8_t)(here - 1)};
        left -= here;
    }
}

static void fill_direct(struct block *disk, uint64_t id, const struct block_slot *slot)
{
    struct blkif_request *r = ring_request(&disk->ring.ring);

    r->operation = slot->request->operation;
    r->nr_segments = (uint8_t)slot->pages;
    r->handle = (blkif_vdev_t)disk->xenbus.id;
    r->id = id;
    r->sector_number = slot->request->sector;
    fill_segments(r->seg, slot);
}

static void fill_indirect(struct block *disk, uint64_t id, struct block_slot *slot)
{
    struct blkif_request_indirect *r = ring_request(&disk->ring.ring);

    if (!slot->list) {
        slot->list = page_alloc();
        slot->list_grant = grant_give(disk->xenbus.back_domid, slot->list, !disk->persistent);
    }
    fill_segments(slot->list, slot);
    r->operation = BLKIF_OP_INDIRECT;
    r->indirect_op = slot->request->operation;
    r->nr_segments = (uint16_t)slot->pages;
    r->id = id;
    r->sector_number = slot->request->sector;
    r->handle = (blkif_vdev_t)disk->xenbus.id;
    r->indirect_grefs[0] = slot->list_grant;
}

static void fill_discard(struct block *disk, uint64_t id, const struct block_slot *slot)
{
    struct blkif_request_discard *r = ring_request(&disk->ring.ring);

    r->operation = BLKIF_OP_DISCARD;
    r->flag = 0;
    r->handle = (blkif_vdev_t)disk->xenbus.id;
    r->id = id;
    r->sector_number = slot->request->sector;
    r->nr_sectors = slot->request->sectors;
}

bool block_submit(struct block *disk, struct block_request *request)
{
    bool moves_data = request->operation == BLKIF_OP_READ || request->operation == BLKIF_OP_WRITE;
    struct block_slot *slot = disk->slot;

    if (!ring_free(&disk->ring.ring) || disk->under_way == BLOCK_SLOTS_MAX)
        return false;
    while (slot->request)
        slot++;
    slot->request = request;
    slot->pages = moves_data ? (unsigned)((request->sectors + PAGE_SECTORS - 1) / PAGE_SECTORS) : 0;
    request->status = BLOCK_NO_ANSWER;
    disk->under_way++;
    if (slot->pages > disk->pages_max) {
        slot->pages = 0;
        slot_finish(disk, slot, BLKIF_RSP_ERROR);
        return true;
    }
    slot_lend(disk, slot);
    if (request->operation == BLKIF_OP_DISCARD)
        fill_discard(disk, (uint64_t)(slot - disk->slot), slot);
    else if (slot->pages > BLKIF_MAX_SEGMENTS_PER_REQUEST)
        fill_indirect(disk, (uint64_t)(slot - disk->slot), slot);
    else
        fill_direct(disk, (uint64_t)(slot - disk->slot), slot);
    return true;
}

void block_push(struct block *disk)
{
    if (ring_publish(&disk->ring.ring))
        event_send(disk->port);
}

static void slot_finish(struct block *disk, struct block_slot *slot, int status)
{
    slot_take_back(disk, slot);
    slot->request->status = status;
    slot->request = NULL;
    disk->under_way--;
}

unsigned block_reap(struct block *disk)
{
    struct blkif_response answer;
    enum ring_answer found;
    unsigned reaped = 0;

    while ((found = ring_answer(&disk->ring.ring, &answer, sizeof(answer))) == ANSWER_FOUND) {
        if (answer.id >= BLOCK_SLOTS_MAX || !disk->slot[answer.id].request) {
            disk->wrong++;
            continue;
        }
        slot_finish(disk, &disk->slot[answer.id], answer.status > 0 ? BLKIF_RSP_ERROR : answer.status);
        reaped++;
    }
    disk->wrong += found == ANSWER_WRONG;
    return reaped;
}

bool block_wait(struct block *disk, unsigned milliseconds)
{
    uint64_t until = port_deadline(milliseconds);

    while (ring_sleep(&disk->ring.ring))
        if (!port_wait(disk->port, until))
            return !ring_sleep(&disk->ring.ring);
    return true;
}

/* The request's struct goes away with its caller; its pages stay lent until the answer comes after all. */
static int abandon(struct block *disk, const struct block_request *request)
{
    static struct block_request abandoned = {.operation = BLKIF_OP_WRITE};

    for (unsigned i = 0; i < BLOCK_SLOTS_MAX; i++)
        if (disk->slot[i].request == request)
            disk->slot[i].request = &abandoned;
    return BLOCK_NO_ANSWER;
}

int block_io(struct block *disk, uint8_t operation, uint64_t sector, void *pages, uint64_t sectors)
{
    struct block_request request = {.operation = operation, .sector = sector, .sectors = sectors};

    for (unsigned i = 0; pages && i < BLOCK_PAGES_MAX; i++)
        request.page[i] = (char *)pages + i * PAGE_SIZE;
    while (!block_submit(disk, &request)) {
        if (!block_wait(disk, WAIT_MS))
            return BLOCK_NO_ANSWER;
        block_reap(disk);
    }
    block_push(disk);
    while (request.status == BLOCK_NO_ANSWER) {
        if (!block_wait(disk, WAIT_MS))
            return abandon(disk, &request);
        block_reap(disk);
    }
    return request.status;
}

bool block_close(struct block *disk)
{
    bool ended = xenbus_close(&disk->xenbus);

    for (unsigned i = 0; i < BLOCK_SLOTS_MAX; i++) {
        if (disk->slot[i].request)
            slot_finish(disk, &disk->slot[i], BLKIF_RSP_ERROR);
        slot_free(disk, &disk->slot[i]);
    }
    if (disk->port)
        event_close(disk->port);
    disk->port = 0;
    return xenbus_ring_close(&disk->ring) && ended && !disk->still_lent;
}
