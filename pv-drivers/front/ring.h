/* SPDX-License-Identifier: MIT
 *
 * The front end's side of a ring of requests and answers (block, net).
 *
 * One or more pages that both ends see: four counters, then slots. A slot holds first a request, later an answer (to
 * that request or to another). The counters only grow, modulo 2^32, and a slot is a counter modulo the number of slots:
 *
 *        consumed           rsp_prod            req_prod              produced       consumed + slots
 *           |  answers to be   |  requests that    |  requests that      |     free        |
 *           |  looked at       |  are worked on    |  are filled in      |                 |
 *
 * Both ends may sleep: who adds entries notifies the other (by event channel) only if they pass the mark that the other
 * has set (req_event, rsp_event) before it went to sleep. Setting the mark and looking once more, in this order, loses
 * nothing.
 *
 * What the other end writes is not believed: more answers than requests are in flight is ANSWER_WRONG.
 * Pure: no grants, no events (front_ring_open of xenbus.h does these).
 */
#ifndef FRONT_RING_H
#define FRONT_RING_H

#include <stdbool.h>
#include <stdint.h>

#define RING_PAGE_SIZE 4096u

/* The beginning of the first page. */
struct ring_page {
    uint32_t req_prod, req_event;
    uint32_t rsp_prod, rsp_event;
    uint8_t pad[48];
    uint8_t slot[];
};
_Static_assert(sizeof(struct ring_page) == 64, "xen/io/ring.h");

struct front_ring {
    volatile struct ring_page *page;
    uint32_t slots;     /* a power of two */
    uint32_t slot_size; /* bytes: the larger of request and answer */
    uint32_t produced;  /* requests filled in; published up to page->req_prod */
    uint32_t consumed;  /* answers taken */
};

enum ring_answer { ANSWER_NONE, ANSWER_FOUND, ANSWER_WRONG };

void ring_init(struct front_ring *ring, void *pages, uint32_t bytes, uint32_t slot_size);
uint32_t ring_free(const struct front_ring *ring); /* how many requests fit */
/* The next request's slot, to be filled in. Only if ring_free. */
void *ring_request(struct front_ring *ring);
/* Shows all requests to the back end; true: notify it. */
bool ring_publish(struct front_ring *ring);
/* Copies the next answer out, whole slot at most. */
enum ring_answer ring_answer(struct front_ring *ring, void *answer, uint32_t size);
/* Before waiting: asks to be notified of the next answer. false: one is there already. */
bool ring_sleep(struct front_ring *ring);

#endif
