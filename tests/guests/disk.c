/* SPDX-License-Identifier: MIT
 *
 * Why: what a guest writes to its disk must come back as it was, in each way in which a front end can ask.
 * Trick: every 8 bytes that are written are made of the place and of how often it was written, so each block says
 * itself whether it is the right one. First one request of each shape, then ("ms=", or until the tools ask it to end:
 * "forever", "pause=" ms after each round) random writes and reads, "depth=" under way at a time. "plain": no
 * persistent grants; "direct": no indirect requests; "ring-pages=N". "refuse": when the tools want to take the disk
 * away, say no and that the disk is Closing, as Linux did until 5.14 for a mounted one, and go on. Expect: all answers
 * come, each once, with the right data; at the end all pages that were lent are the guest's again.
 */
#include "clock.h"
#include "front/block.h"
#include "front/front.h"
#include "front/grants.h"
#include "front/port.h"
#include "front/store.h"
#include "guest.h"
#include "memory.h"

GUEST("disk");

#define PAGE_SECTORS 8u
#define BLOCKS       2048u /* of 4 KiB, at the beginning of the disk */
#define DEPTH_MAX    64u

static struct block disk;
static uint8_t version[BLOCKS]; /* how often each block was written */
static bool in_use[BLOCKS];     /* a request on it is under way */

static uint64_t word_of(uint64_t block, unsigned index)
{
    return (block << 24 | (uint64_t)version[block] << 16 | index) * 0x9e3779b97f4a7c15ull;
}

static void fill(uint64_t *page, uint64_t block)
{
    for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
        page[i] = word_of(block, i);
}

static bool holds(const uint64_t *page, uint64_t block, unsigned bytes)
{
    for (unsigned i = 0; i < bytes / 8; i++)
        if (page[i] != word_of(block, i)) {
            report_note("block %lu, byte %u: 0x%lx instead of 0x%lx", block, i * 8, page[i], word_of(block, i));
            return false;
        }
    return true;
}

/* Writes so many sectors in one request, and reads them back. */
static void one_request(unsigned sectors, uint64_t *buffer)
{
    unsigned pages = (sectors + PAGE_SECTORS - 1) / PAGE_SECTORS;
    bool same = true;

    for (unsigned i = 0; i < pages; i++) {
        version[i]++;
        fill(buffer + i * 512, i);
    }
    check_eq(case_name("write of %u sectors", sectors), block_io(&disk, BLKIF_OP_WRITE, 0, buffer, sectors), 0);
    memset(buffer, 0, pages * PAGE_SIZE);
    check_eq(case_name("read of %u sectors", sectors), block_io(&disk, BLKIF_OP_READ, 0, buffer, sectors), 0);
    for (unsigned i = 0; i < pages; i++)
        same &= holds(buffer + i * 512, i, i < pages - 1 ? PAGE_SIZE : ((sectors - 1) % PAGE_SECTORS + 1) * 512);
    check(case_name("%u sectors are as written", sectors), same);
}

static void each_shape(void)
{
    static const uint16_t shapes[] = {1, 3, 8, 11, 88, 89, 176, 256};
    uint64_t *buffer = pages_alloc(BLOCK_PAGES_MAX);

    for (unsigned i = 0; i < ARRAY_SIZE(shapes); i++)
        if (shapes[i] <= disk.pages_max * PAGE_SECTORS && shapes[i] % (disk.sector_size / 512) == 0)
            one_request(shapes[i], buffer);
    check("read behind the end is refused",
          block_io(&disk, BLKIF_OP_READ, disk.sectors - PAGE_SECTORS + disk.sector_size / 512, buffer, PAGE_SECTORS) <
              0);
    check("read far behind the end is refused", block_io(&disk, BLKIF_OP_READ, ~0ull << 8, buffer, PAGE_SECTORS) < 0);
    if (disk.flush)
        check_eq("flush", block_io(&disk, BLKIF_OP_FLUSH_DISKCACHE, 0, NULL, 0), 0);
    if (disk.discard)
        check_eq("discard", block_io(&disk, BLKIF_OP_DISCARD, BLOCKS * PAGE_SECTORS, NULL, PAGE_SECTORS), 0);
    report_note("%lu sectors of %u bytes, %s, %u pages in a request, %u of ring, flush %u, discard %u", disk.sectors,
                disk.sector_size, disk.persistent ? "persistent" : "plain", disk.pages_max, disk.ring.pages, disk.flush,
                disk.discard);
}

/* ---- random load ---- */
struct job {
    struct block_request request;
    uint64_t block;
    bool busy;
};
static struct job jobs[DEPTH_MAX];
static uint64_t seed;
static unsigned written, verified, bad;
static bool refused;

static uint64_t random_number(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void begin(struct job *job)
{
    uint64_t block = random_number() % BLOCKS;

    if (in_use[block])
        return;
    in_use[block] = job->busy = true;
    job->block = block;
    job->request.operation = random_number() & 1 || !version[block] ? BLKIF_OP_WRITE : BLKIF_OP_READ;
    job->request.sector = block * PAGE_SECTORS;
    job->request.sectors = PAGE_SECTORS;
    if (job->request.operation == BLKIF_OP_WRITE) {
        version[block] = version[block] == 255 ? 1 : version[block] + 1;
        fill(job->request.page[0], block);
    }
    if (!block_submit(&disk, &job->request))
        in_use[block] = job->busy = false;
}

/* Says no once, and after some more answers that the disk still works. */
static void refuse_to_close(void)
{
    static unsigned done;

    if (!refused && xenbus_back_state(&disk.xenbus) == XenbusStateClosing) {
        refused = true;
        done = written + verified;
        store_write(STORE_OUTSIDE, case_name("error/%s/error", disk.xenbus.front),
                    "16 Device in use; refusing to close");
        xenbus_set_state(&disk.xenbus, XenbusStateClosing);
    } else if (done && !bad && written + verified >= done + 32) {
        done = 0;
        printf("GOES ON\n");
    }
}

static void finish(struct job *job)
{
    if (job->request.status)
        bad++;
    else if (job->request.operation == BLKIF_OP_WRITE)
        written++;
    else if (holds(job->request.page[0], job->block, PAGE_SIZE))
        verified++;
    else
        bad++;
    in_use[job->block] = job->busy = false;
}

static bool random_load(unsigned depth, uint64_t until, bool forever)
{
    unsigned pause = (unsigned)guest_option("pause=", 10);
    bool more = true, refuses = strstr(guest_cmdline(), "refuse");
    unsigned rounds = 0;

    while (more || disk.under_way) {
        for (unsigned i = 0; i < depth && more; i++)
            if (!jobs[i].busy)
                begin(&jobs[i]);
        block_push(&disk);
        if (disk.under_way && !block_wait(&disk, 30000))
            return false;
        block_reap(&disk);
        for (unsigned i = 0; i < depth; i++)
            if (jobs[i].busy && jobs[i].request.status != BLOCK_NO_ANSWER)
                finish(&jobs[i]);
        if (refuses)
            refuse_to_close();
        if (!forever)
            more = more && clock_ns() < until;
        else if (store_event(NULL, 0, NULL, 0, port_deadline(pause)) ||
                 rounds++ % 128 == 0) /* others want the CPU, too */
            more = more && !front_asked_to_end();
    }
    return true;
}

static void load(void)
{
    unsigned depth = (unsigned)guest_option("depth=", 16);
    bool forever = strstr(guest_cmdline(), "forever");
    uint64_t ms = guest_option("ms=", 1000);

    depth = depth > DEPTH_MAX ? DEPTH_MAX : depth;
    seed = guest_option("seed=", 1) | 1;
    for (unsigned i = 0; i < depth; i++)
        jobs[i].request.page[0] = page_alloc();
    memset(version, 0, sizeof(version));
    printf("READY\n");
    check("all requests are answered", random_load(depth, clock_ns() + ms * 1000000, forever));
    check_eq("no request failed", bad, 0);
    check("some were written and verified", written && verified);
    report_note("%u written, %u verified", written, verified);
}

void guest_main(void)
{
    struct block_options options = {.plain = strstr(guest_cmdline(), "plain"),
                                    .no_indirect = strstr(guest_cmdline(), "direct"),
                                    .ring_pages = (unsigned)guest_option("ring-pages=", 1)};
    unsigned id, lent;

    if (!front_open())
        report_skip("only other domains have front ends");
    lent = grants_in_use();
    if (!xenbus_list("vbd", &id, 1))
        report_skip("this guest has no disk");
    if (!check_eq("connect", block_open(&disk, (unsigned)guest_option("disk=", id), &options), 0))
        return;
    if (check("the disk is large enough", disk.sectors >= (BLOCKS + 1) * PAGE_SECTORS)) {
        each_shape();
        load();
    }
    check_eq("no answer was wrong", disk.wrong, 0);
    check_eq("the back end kept no page after an answer", disk.still_lent, 0);
    check("disconnect", block_close(&disk));
    check_eq("all that was lent is back", grants_in_use(), lent);
}
