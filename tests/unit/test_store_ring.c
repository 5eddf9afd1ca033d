/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's ring of replies with two parties at once: the server sends, and sleeps when there is no room; the domain
 * is a thread which does as Linux does, and tells the server that it took something only if the ring was full before.
 */
#include "unit.h"

#include "xenstore/ring.h"
#include "xenstore/store.h"
#include <pthread.h>
#include <semaphore.h>

#define TOTAL           (16u << 20)
#define MESSAGE         300
#define DEADLINE_SECOND 20

static struct xenstore_domain_interface page;
static sem_t room; /* the event channel of the server */

/* Takes what is there, and checks that the bytes are counted on. */
static void *take_replies(void *wrong)
{
    for (uint32_t taken = 0; taken < TOTAL;) {
        uint32_t before = page.rsp_cons, there = __atomic_load_n(&page.rsp_prod, __ATOMIC_ACQUIRE) - before;
        uint32_t amount = there > 1 ? 1 + (uint32_t)(taken * 7919u % there) : there;
        for (uint32_t i = 0; i < amount; i++)
            *(unsigned *)wrong += (unsigned char)page.rsp[MASK_XENSTORE_IDX(before + i)] != (unsigned char)(taken + i);
        if (!amount)
            continue;
        taken += amount;
        __atomic_store_n(&page.rsp_cons, before + amount, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&page.rsp_prod, __ATOMIC_SEQ_CST) - before >= XENSTORE_RING_SIZE)
            sem_post(&room);
    }
    return NULL;
}

/* False: nobody told of room for long. */
static bool wait_for_room(void)
{
    struct timespec deadline;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += DEADLINE_SECOND;
    return !sem_timedwait(&room, &deadline);
}

static void nobody_sleeps_for_ever(void)
{
    static const struct store_host host = {0};
    static struct store store;
    static struct ring ring;
    pthread_t domain;
    unsigned wrong = 0;
    uint32_t queued = 0;
    bool woken = true;
    char message[MESSAGE];

    store_init(&store);
    store.host = &host;
    sem_init(&room, 0, 0);
    connection_init(&ring.connection, &store, 1, true);
    ring_start(&ring, &page);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&domain, NULL, take_replies, &wrong), 0);
    while (woken && (queued < TOTAL || output_waiting(&ring.connection.out))) {
        for (int n = 0; n < 8 && queued < TOTAL; n++) {
            size_t length = TOTAL - queued < MESSAGE ? TOTAL - queued : MESSAGE;
            for (size_t i = 0; i < length; i++)
                message[i] = (char)queued++;
            output_append(&ring.connection.out, message, length, NULL, 0);
        }
        ring_send(&ring);
        while (woken && output_waiting(&ring.connection.out)) {
            woken = wait_for_room();
            ring_send(&ring);
        }
    }
    CU_ASSERT_TRUE_FATAL(woken);
    pthread_join(domain, NULL);
    CU_ASSERT_EQUAL(wrong, 0);
    connection_close(&ring.connection);
}

int main(void)
{
    CU_TestInfo cases[] = {{"nobody sleeps for ever", nobody_sleeps_for_ever}, CU_TEST_INFO_NULL};

    return unit_run("store ring", cases);
}
