/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See shared_ring.h. The page begins with the header below (64 bytes, <xen/io/ring.h>), the slots follow.
 *
 * An answer goes into the slot of its request, so a process killed between writing it and moving rsp_prod would leave
 * a slot that is neither. Therefore the answer is first noted in the header's padding, which no front end looks at:
 *
 *     note = answer; note.index = its index | the slot = answer | rsp_prod = index + 1 | note.index = none
 *
 * Killed before the first bar, the request is whole; later, attach finds the note and writes the answer again. Of a
 * group of answers only its bounds are noted: attach tells which requests are perhaps gone. The
 * guest could forge a note, and gets what it forged. x86 keeps stores in order, so the compiler alone is held back.
 */
#include "common/shared_ring.h"

#include <stdatomic.h>
#include <string.h>

#define NOTE_MARK  0x6e6f7465u /* a zeroed page holds no note for index 0 */
#define NOTE_GROUP 0x67727570u /* size answers from index on are being written, which the note has no room for */

struct ring_header {
    uint32_t req_prod, req_event; /* by the front end, by us */
    uint32_t rsp_prod, rsp_event; /* by us, by the front end */
    uint8_t pvt[4];
    uint8_t pad[12];
    struct {
        uint32_t mark; /* NOTE_MARK, or nothing is noted */
        uint32_t index;
        uint32_t size;
        uint8_t answer[SHARED_RING_ANSWER_MAX];
    } note;
};
_Static_assert(sizeof(struct ring_header) == 64, "<xen/io/ring.h>");
_Static_assert(offsetof(struct ring_header, note) == 32, "in the padding");

static struct ring_header *header_of(const struct shared_ring *ring)
{
    return (struct ring_header *)ring->page;
}

static uint8_t *slot_of(const struct shared_ring *ring, uint32_t index)
{
    return ring->page + sizeof(struct ring_header) + (size_t)(index & (ring->slots - 1)) * ring->slot_size;
}

/* The one place that reads a counter of the front end. */
static uint32_t read_once(const uint32_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static void write_once(uint32_t *counter, uint32_t value)
{
    __atomic_store_n(counter, value, __ATOMIC_RELEASE);
}

static void put_answer(struct shared_ring *ring, uint32_t index, const void *answer, uint32_t size)
{
    memcpy(slot_of(ring, index), answer, size);
    write_once(&header_of(ring)->rsp_prod, index + 1);
}

/* Finishes what a killed process began, if the note is of the answer that is due next. */
static void finish_noted_answer(struct shared_ring *ring)
{
    struct ring_header *header = header_of(ring);
    uint8_t answer[SHARED_RING_ANSWER_MAX];
    uint32_t size = read_once(&header->note.size);

    if (read_once(&header->note.mark) == NOTE_MARK && read_once(&header->note.index) == ring->answered &&
        read_once(&header->req_prod) != ring->answered && size <= sizeof(answer) && size <= ring->slot_size) {
        memcpy(answer, header->note.answer, sizeof(answer));
        put_answer(ring, ring->answered, answer, size);
        ring->taken = ++ring->answered;
    } else if (read_once(&header->note.mark) == NOTE_GROUP && read_once(&header->note.index) == ring->answered) {
        uint32_t waiting = read_once(&header->req_prod) - ring->answered;
        ring->damaged = size < waiting ? size : waiting;
    }
    write_once(&header->note.mark, 0);
}

bool shared_ring_attach(struct shared_ring *ring, void *page, size_t bytes, uint32_t slot_size)
{
    uint32_t slots = 1;

    while ((uint64_t)slots * 2 * slot_size + sizeof(struct ring_header) <= bytes)
        slots *= 2;
    *ring = (struct shared_ring){.page = page, .slots = slots, .slot_size = slot_size};
    ring->answered = ring->taken = read_once(&header_of(ring)->rsp_prod);
    if (read_once(&header_of(ring)->req_prod) - ring->answered > slots)
        return false;
    finish_noted_answer(ring);
    /* The last process may have been killed between an answer and the event that tells of it: the first publish, which
     * follows even if nothing is answered, makes good for that. */
    ring->notified = ring->answered - slots;
    return true;
}

uint32_t shared_ring_waiting(const struct shared_ring *ring)
{
    uint32_t waiting = read_once(&header_of(ring)->req_prod) - ring->taken;

    return waiting <= ring->slots - (ring->taken - ring->answered) ? waiting : UINT32_MAX;
}

enum shared_ring_taken shared_ring_take(struct shared_ring *ring, void *request, uint32_t size)
{
    uint32_t waiting = shared_ring_waiting(ring);

    if (waiting == 0)
        return RING_EMPTY;
    if (waiting == UINT32_MAX)
        return RING_BROKEN;
    memcpy(request, slot_of(ring, ring->taken), size);
    /* What the caller looks at from here on is the copy: the compiler may not go back to the slot. */
    atomic_signal_fence(memory_order_seq_cst);
    ring->taken++;
    return RING_TAKEN;
}

void shared_ring_answer(struct shared_ring *ring, const void *response, uint32_t size)
{
    struct ring_header *header = header_of(ring);

    memcpy(header->note.answer, response, size);
    write_once(&header->note.size, size);
    write_once(&header->note.index, ring->answered);
    write_once(&header->note.mark, NOTE_MARK);
    atomic_signal_fence(memory_order_seq_cst);
    put_answer(ring, ring->answered, response, size);
    write_once(&header->note.mark, 0);
    ring->answered++;
}

void shared_ring_answer_group(struct shared_ring *ring, const void *responses, uint32_t count, uint32_t size)
{
    struct ring_header *header = header_of(ring);

    write_once(&header->note.size, count);
    write_once(&header->note.index, ring->answered);
    write_once(&header->note.mark, NOTE_GROUP);
    atomic_signal_fence(memory_order_seq_cst);
    for (uint32_t i = 0; i < count; i++)
        memcpy(slot_of(ring, ring->answered + i), (const uint8_t *)responses + (size_t)i * size, size);
    ring->answered += count;
    write_once(&header->rsp_prod, ring->answered);
    write_once(&header->note.mark, 0);
}

bool shared_ring_publish(struct shared_ring *ring)
{
    uint32_t since = ring->notified;

    if (ring->answered == since)
        return false;
    ring->notified = ring->answered;
    /* The front end writes rsp_event and then reads rsp_prod, we the other way round: one of us sees the other. */
    atomic_thread_fence(memory_order_seq_cst);
    return ring->answered - read_once(&header_of(ring)->rsp_event) < ring->answered - since;
}

bool shared_ring_sleep_until(struct shared_ring *ring, uint32_t count)
{
    if (shared_ring_waiting(ring) >= count)
        return true;
    write_once(&header_of(ring)->req_event, ring->taken + count);
    atomic_thread_fence(memory_order_seq_cst);
    return shared_ring_waiting(ring) >= count;
}

bool shared_ring_sleep(struct shared_ring *ring)
{
    return shared_ring_sleep_until(ring, 1);
}
