/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See shared_ring.h. The page begins with struct shared_ring_header (64 bytes, <xen/io/ring.h>), the slots follow.
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

/* Finishes what a killed process began, if the note is of the answer that is due next. */
static void finish_noted_answer(struct shared_ring *ring)
{
    struct shared_ring_header *header = shared_ring_header(ring);
    uint8_t answer[SHARED_RING_ANSWER_MAX];
    uint32_t size = shared_ring_read(&header->note.size);

    if (shared_ring_read(&header->note.mark) == SHARED_RING_NOTE_MARK &&
        shared_ring_read(&header->note.index) == ring->answered &&
        shared_ring_read(&header->req_prod) != ring->answered && size <= sizeof(answer) && size <= ring->slot_size) {
        memcpy(answer, header->note.answer, sizeof(answer));
        shared_ring_put(ring, ring->answered, answer, size);
        ring->taken = ++ring->answered;
    } else if (shared_ring_read(&header->note.mark) == SHARED_RING_NOTE_GROUP &&
               shared_ring_read(&header->note.index) == ring->answered) {
        uint32_t waiting = shared_ring_read(&header->req_prod) - ring->answered;
        ring->damaged = size < waiting ? size : waiting;
    }
    shared_ring_write(&header->note.mark, 0);
}

bool shared_ring_attach(struct shared_ring *ring, void *page, size_t bytes, uint32_t slot_size)
{
    uint32_t slots = 1;

    while ((uint64_t)slots * 2 * slot_size + sizeof(struct shared_ring_header) <= bytes)
        slots *= 2;
    *ring = (struct shared_ring){.page = page, .slots = slots, .slot_size = slot_size};
    ring->answered = ring->taken = shared_ring_read(&shared_ring_header(ring)->rsp_prod);
    if (shared_ring_read(&shared_ring_header(ring)->req_prod) - ring->answered > slots)
        return false;
    finish_noted_answer(ring);
    /* The last process may have been killed between an answer and the event that tells of it: the first publish, which
     * follows even if nothing is answered, makes good for that. */
    ring->notified = ring->answered - slots;
    return true;
}

void shared_ring_answer_group(struct shared_ring *ring, const void *responses, uint32_t count, uint32_t size)
{
    struct shared_ring_header *header = shared_ring_header(ring);

    shared_ring_write(&header->note.size, count);
    shared_ring_write(&header->note.index, ring->answered);
    shared_ring_write(&header->note.mark, SHARED_RING_NOTE_GROUP);
    atomic_signal_fence(memory_order_seq_cst);
    for (uint32_t i = 0; i < count; i++)
        memcpy(shared_ring_slot(ring, ring->answered + i), (const uint8_t *)responses + (size_t)i * size, size);
    ring->answered += count;
    shared_ring_write(&header->rsp_prod, ring->answered);
    shared_ring_write(&header->note.mark, 0);
}

bool shared_ring_publish(struct shared_ring *ring)
{
    uint32_t since = ring->notified;

    if (ring->answered == since)
        return false;
    ring->notified = ring->answered;
    /* The front end writes rsp_event and then reads rsp_prod, we the other way round: one of us sees the other. */
    atomic_thread_fence(memory_order_seq_cst);
    return ring->answered - shared_ring_read(&shared_ring_header(ring)->rsp_event) < ring->answered - since;
}

bool shared_ring_sleep_until(struct shared_ring *ring, uint32_t count)
{
    if (shared_ring_waiting(ring) >= count)
        return true;
    shared_ring_write(&shared_ring_header(ring)->req_event, ring->taken + count);
    atomic_thread_fence(memory_order_seq_cst);
    return shared_ring_waiting(ring) >= count;
}

bool shared_ring_sleep(struct shared_ring *ring)
{
    return shared_ring_sleep_until(ring, 1);
}
