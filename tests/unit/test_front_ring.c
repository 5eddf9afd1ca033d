/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The front ends' side of a ring: alone, against the back ends' side (shared_ring.c), and against a back end that lies.
 */
#include "common/shared_ring.h"
#include "front/ring.h"
#include "unit.h"

#include <string.h>

#define SLOT_SIZE 112u

static _Alignas(4096) uint8_t pages[4 * RING_PAGE_SIZE];
static struct front_ring front;
static struct shared_ring back;

struct entry {
    uint64_t id;
    uint8_t rest[SLOT_SIZE - 8];
};

struct answer {
    uint64_t id;
    uint8_t rest[8];
};

static void answer_one(uint64_t id)
{
    const struct answer a = {.id = id};

    shared_ring_answer(&back, &a, sizeof(a));
}

static void fresh(uint32_t page_count)
{
    ring_init(&front, pages, page_count * RING_PAGE_SIZE, SLOT_SIZE);
    CU_ASSERT_TRUE_FATAL(shared_ring_attach(&back, pages, page_count * RING_PAGE_SIZE, SLOT_SIZE));
}

static void test_sizes(void)
{
    ring_init(&front, pages, RING_PAGE_SIZE, SLOT_SIZE);
    CU_ASSERT_EQUAL(front.slots, 32);
    ring_init(&front, pages, 4 * RING_PAGE_SIZE, SLOT_SIZE);
    CU_ASSERT_EQUAL(front.slots, 128);
    ring_init(&front, pages, RING_PAGE_SIZE, 12);
    CU_ASSERT_EQUAL(front.slots, 256);
    ring_init(&front, pages, RING_PAGE_SIZE, 8);
    CU_ASSERT_EQUAL(front.slots, 256);
    CU_ASSERT_EQUAL(ring_free(&front), 256);
}

static void test_empty(void)
{
    struct entry e;

    fresh(1);
    CU_ASSERT_EQUAL(ring_answer(&front, &e, sizeof(e)), ANSWER_NONE);
    CU_ASSERT_TRUE(ring_sleep(&front));
    CU_ASSERT_FALSE(ring_publish(&front));
}

static void send(uint64_t id)
{
    struct entry *e = ring_request(&front);

    e->id = id;
    memset(e->rest, (int)id, sizeof(e->rest));
}

static bool back_takes_one(uint64_t *id)
{
    struct entry e;

    if (shared_ring_take(&back, &e, sizeof(e)) != RING_TAKEN)
        return false;
    CU_ASSERT_EQUAL(e.rest[sizeof(e.rest) - 1], (uint8_t)e.id);
    *id = e.id;
    return true;
}

/* Both sides do as they like; who is told nothing must find nothing. */
static void test_both_sides(void)
{
    uint64_t sent = 0, taken = 0, answered = 0, told = 0, seen = 0, id;
    bool back_asleep = false, front_asleep = false;

    fresh(2);
    for (unsigned i = 0; i < 200000; i++) {
        struct entry e;

        switch (unit_random_below(6)) {
        case 0:
            for (uint64_t n = unit_random_below(9); n && ring_free(&front); n--)
                send(sent++);
            break;
        case 1:
            if (ring_publish(&front))
                back_asleep = false;
            break;
        case 2:
            if (back_asleep)
                CU_ASSERT_EQUAL_FATAL(shared_ring_waiting(&back), 0);
            if (!back_asleep && back_takes_one(&id))
                CU_ASSERT_EQUAL_FATAL(id, taken++);
            break;
        case 3:
            back_asleep = back_asleep || !shared_ring_sleep(&back);
            break;
        case 4:
            while (answered < taken && unit_random_below(4))
                answer_one(answered++);
            if (unit_random_below(4) == 0)
                break; /* the back end goes on before it tells */
            told = answered;
            if (shared_ring_publish(&back))
                front_asleep = false;
            break;
        case 5:
            if (front_asleep && told == answered)
                CU_ASSERT_EQUAL_FATAL(ring_answer(&front, &e, sizeof(e)), ANSWER_NONE);
            if (front_asleep)
                break;
            while (ring_answer(&front, &e, sizeof(e)) == ANSWER_FOUND)
                CU_ASSERT_EQUAL_FATAL(e.id, seen++);
            front_asleep = ring_sleep(&front);
            break;
        }
        CU_ASSERT_TRUE_FATAL(ring_free(&front) <= front.slots);
    }
    CU_ASSERT_TRUE(seen > 1000);
}

static void test_wraps(void)
{
    struct entry e = {0};
    uint64_t id;

    fresh(1);
    front.produced = front.consumed = 0xfffffff0u;
    front.page->req_prod = front.page->rsp_prod = 0xfffffff0u;
    front.page->req_event = front.page->rsp_event = 0xfffffff1u;
    CU_ASSERT_TRUE_FATAL(shared_ring_attach(&back, pages, RING_PAGE_SIZE, SLOT_SIZE));
    for (uint64_t i = 0; i < 100; i++) {
        send(i);
        CU_ASSERT_TRUE(ring_publish(&front));
        CU_ASSERT_TRUE_FATAL(back_takes_one(&id));
        CU_ASSERT_EQUAL(id, i);
        CU_ASSERT_FALSE(shared_ring_sleep(&back));
        answer_one(i);
        CU_ASSERT_TRUE(shared_ring_publish(&back));
        CU_ASSERT_EQUAL(ring_answer(&front, &e, sizeof(e)), ANSWER_FOUND);
        CU_ASSERT_EQUAL(e.id, i);
        CU_ASSERT_TRUE(ring_sleep(&front));
    }
}

/* A back end that answers what was not asked. */
static void test_lies(void)
{
    struct entry e;

    fresh(1);
    send(1);
    ring_publish(&front);
    front.page->rsp_prod = 2;
    CU_ASSERT_EQUAL(ring_answer(&front, &e, sizeof(e)), ANSWER_WRONG);
    front.page->rsp_prod = 0x80000000;
    CU_ASSERT_EQUAL(ring_answer(&front, &e, sizeof(e)), ANSWER_WRONG);
    front.page->rsp_prod = ~0u;
    CU_ASSERT_EQUAL(ring_answer(&front, &e, sizeof(e)), ANSWER_WRONG);
    front.page->rsp_prod = 1;
    CU_ASSERT_EQUAL(ring_answer(&front, &e, sizeof(e)), ANSWER_FOUND);
    CU_ASSERT_EQUAL(ring_answer(&front, &e, sizeof(e)), ANSWER_NONE);
}

int main(void)
{
    CU_TestInfo cases[] = {{"sizes", test_sizes},         {"empty", test_empty}, {"both sides", test_both_sides},
                           {"counters wrap", test_wraps}, {"lies", test_lies},   CU_TEST_INFO_NULL};

    return unit_run("front ring", cases);
}
