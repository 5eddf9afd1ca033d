/* SPDX-License-Identifier: MIT
 *
 * A disk.
 *
 * A request names sectors of 512 bytes and the pages that they are in; its number (id) comes back with the answer, and
 * any order of answers is right. Up to 11 pages are listed in the request itself; with more, it names a page that lists
 * them
 * ("indirect"), if the back end offers that. How the back end gets at the pages:
 *
 *     plain       each request lends its pages, and takes them back when it is answered: they are the caller's own
 *     persistent  a pool of pages is lent once and for all, and data is copied from and to them: the back end need not
 *                 map and unmap, which costs more than the copy. Used if both ends say feature-persistent.
 *
 * Two ways to use it: block_io, which waits; or block_submit (until it says that the ring is full), block_push, and
 * block_reap, which marks requests as done. block_wait sleeps until there is something to reap.
 */
#ifndef FRONT_BLOCK_H
#define FRONT_BLOCK_H

#include "front/xenbus.h"

#include <xen/io/blkif.h>

#define BLOCK_PAGES_MAX 32u  /* of a request */
#define BLOCK_SLOTS_MAX 128u /* requests under way: a ring of 4 pages */
#define BLOCK_NO_ANSWER 1    /* status of a request that is under way */

struct block_request {
    uint8_t operation; /* BLKIF_OP_READ, _WRITE, _FLUSH_DISKCACHE, _DISCARD */
    uint64_t sector;   /* the first, and how many (of 512 bytes; whole sectors of the disk) */
    uint64_t sectors;
    void *page[BLOCK_PAGES_MAX]; /* each from its beginning on, home addresses */
    int status;                  /* BLKIF_RSP_OKAY, an error (negative), or BLOCK_NO_ANSWER */
};

/* What is lent for one request. */
struct block_slot {
    struct block_request *request; /* NULL: free */
    unsigned pages;
    uint32_t grant[BLOCK_PAGES_MAX], list_grant;
    void *pool[BLOCK_PAGES_MAX]; /* persistent: ours, lent as long as the device is open */
    void *list;                  /* indirect: the page that lists the others */
};

struct block {
    struct xenbus_device xenbus;
    struct xenbus_ring ring;
    uint32_t port;
    uint64_t sectors; /* of 512 bytes */
    uint32_t sector_size;
    bool read_only, flush, discard, persistent;
    unsigned pages_max; /* of a request */
    unsigned under_way;
    unsigned wrong;      /* answers that answer nothing, or too many: the back end is broken */
    unsigned still_lent; /* pages that the back end kept after the answer */
    struct block_slot slot[BLOCK_SLOTS_MAX];
};

struct block_options {
    bool plain; /* never persistent */
    bool no_indirect;
    unsigned ring_pages; /* 1, 2 or 4; 0: 1. As many as the back end takes at most */
};

/* Connects to a disk (its id, see xenbus_list). NULL for options: all that both ends know. 0 or -XEN_Exxx. */
long block_open(struct block *disk, unsigned id, const struct block_options *options);
/* Disconnects; false: the back end has kept something. Requests under way are done with an error. */
bool block_close(struct block *disk);

/* false: the ring is full. */
bool block_submit(struct block *disk, struct block_request *request);
void block_push(struct block *disk); /* shows what was submitted to the back end */
unsigned block_reap(struct block *disk);
/* Sleeps until an answer is there. false: none in time. */
bool block_wait(struct block *disk, unsigned milliseconds);

/* One request on pages that follow each other (sectors may be 0: flush), and its status. */
int block_io(struct block *disk, uint8_t operation, uint64_t sector, void *pages, uint64_t sectors);

#endif
