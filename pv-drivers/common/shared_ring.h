/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back end's side of a ring shared with a front end (<xen/io/ring.h>: struct sring of blkif, netif). Generic over
 * the size of its slots. The page belongs to the guest too and may change at any moment: each request is copied out
 * once and only the copy is looked at; both counters of ours are private and the guest's are read once each.
 *
 * Answers are given in the order of the requests. So the ring itself says what a back end that died still owes: all
 * from rsp_prod on, unharmed, and shared_ring_attach begins there. (With answers out of order they would overwrite
 * requests that are not answered yet.) A process may be killed between any two instructions: see shared_ring.c.
 *
 * Pure. One thread per ring.
 */
#ifndef HAVEN_PV_DRIVERS_COMMON_SHARED_RING_H
#define HAVEN_PV_DRIVERS_COMMON_SHARED_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct shared_ring {
    uint8_t *page;      /* the mapped ring: struct sring's header, then the slots */
    uint32_t slots;     /* a power of two */
    uint32_t slot_size; /* bytes: sizeof(union of request and response) */
    uint32_t taken;     /* requests copied out (req_cons) */
    uint32_t answered;  /* answers written: always the page's rsp_prod */
    uint32_t notified;  /* answers of which the guest was told by an event, or did not want to be */
    uint32_t damaged;   /* after attach: so many of the next requests may be overwritten by a group of answers that was
                         * not published; the caller answers them with an error, whatever they say */
};

#define SHARED_RING_ANSWER_MAX 20 /* bytes of a response */

enum shared_ring_taken { RING_EMPTY, RING_TAKEN, RING_BROKEN /* more requests than slots: the front end lies */ };

/* Begins where the last back end ended. false: its rsp_prod and req_prod cannot be (more than a ring apart). The caller
 * publishes once afterwards, even if it has answered nothing: events may be missing too. */
bool shared_ring_attach(struct shared_ring *ring, void *page, size_t bytes, uint32_t slot_size);

/* Answers count requests at once: the guest sees none of them or all (a packet of several receive buffers). A process
 * killed inside leaves damaged requests. */
void shared_ring_answer_group(struct shared_ring *ring, const void *responses, uint32_t count, uint32_t size);
/* Ends a batch of answers; true if the guest wants to be notified of one of them. */
bool shared_ring_publish(struct shared_ring *ring);
/* Asks to be notified of the next request, and says whether one came meanwhile (then take on, no event will come). */
bool shared_ring_sleep(struct shared_ring *ring);
/* The same until count requests wait, at most as many as there are slots. */
bool shared_ring_sleep_until(struct shared_ring *ring, uint32_t count);

/* ---- what is done for each request, in line: sizes are constants there ---- */

#define SHARED_RING_NOTE_MARK 0x6e6f7465u /* a zeroed page holds no note for index 0 */
/* size answers from index on are being written, which the note has no room for */
#define SHARED_RING_NOTE_GROUP 0x67727570u

struct shared_ring_header {
    uint32_t req_prod, req_event; /* by the front end, by us */
    uint32_t rsp_prod, rsp_event; /* by us, by the front end */
    uint8_t pvt[4];
    uint8_t pad[12];
    struct {
        uint32_t mark; /* SHARED_RING_NOTE_MARK, or nothing is noted */
        uint32_t index;
        uint32_t size;
        uint8_t answer[SHARED_RING_ANSWER_MAX];
    } note;
};
_Static_assert(sizeof(struct shared_ring_header) == 64, "<xen/io/ring.h>");
_Static_assert(offsetof(struct shared_ring_header, note) == 32, "in the padding");

static inline struct shared_ring_header *shared_ring_header(const struct shared_ring *ring)
{
    return (struct shared_ring_header *)ring->page;
}

static inline uint8_t *shared_ring_slot(const struct shared_ring *ring, uint32_t index)
{
    return ring->page + sizeof(struct shared_ring_header) + (size_t)(index & (ring->slots - 1)) * ring->slot_size;
}

/* The one place that reads a counter of the front end. */
static inline uint32_t shared_ring_read(const uint32_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static inline void shared_ring_write(uint32_t *counter, uint32_t value)
{
    __atomic_store_n(counter, value, __ATOMIC_RELEASE);
}

static inline void shared_ring_put(struct shared_ring *ring, uint32_t index, const void *answer, uint32_t size)
{
    memcpy(shared_ring_slot(ring, index), answer, size);
    shared_ring_write(&shared_ring_header(ring)->rsp_prod, index + 1);
}

/* How many requests wait (for receive buffers, which are taken as they are needed); RING_BROKEN shows as UINT32_MAX. */
static inline uint32_t shared_ring_waiting(const struct shared_ring *ring)
{
    uint32_t waiting = shared_ring_read(&shared_ring_header(ring)->req_prod) - ring->taken;

    return waiting <= ring->slots - (ring->taken - ring->answered) ? waiting : UINT32_MAX;
}

/* Copies the next request out: size bytes, at most slot_size. */
static inline enum shared_ring_taken shared_ring_take(struct shared_ring *ring, void *request, uint32_t size)
{
    uint32_t waiting = shared_ring_waiting(ring);

    if (waiting == 0)
        return RING_EMPTY;
    if (waiting == UINT32_MAX)
        return RING_BROKEN;
    memcpy(request, shared_ring_slot(ring, ring->taken), size);
    /* What the caller looks at from here on is the copy: the compiler may not go back to the slot. */
    atomic_signal_fence(memory_order_seq_cst);
    ring->taken++;
    return RING_TAKEN;
}

/* Answers the oldest request that is not answered. The guest may see it at once, and is told with the next publish. */
static inline void shared_ring_answer(struct shared_ring *ring, const void *response, uint32_t size)
{
    struct shared_ring_header *header = shared_ring_header(ring);

    memcpy(header->note.answer, response, size);
    shared_ring_write(&header->note.size, size);
    shared_ring_write(&header->note.index, ring->answered);
    shared_ring_write(&header->note.mark, SHARED_RING_NOTE_MARK);
    atomic_signal_fence(memory_order_seq_cst);
    shared_ring_put(ring, ring->answered, response, size);
    shared_ring_write(&header->note.mark, 0);
    ring->answered++;
}

#endif
