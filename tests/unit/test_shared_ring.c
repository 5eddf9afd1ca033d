/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pv-drivers/common/shared_ring.c against a front end made of Xen's own macros. The ring's page can be watched: each
 * access faults, is let through alone (trap flag) and then everything in the page is changed, as a hostile guest on
 * another CPU would. A second fetch of anything would get what was never checked.
 */
#include "common/shared_ring.h"
#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <xen/xen.h>

#define mb()  __sync_synchronize()
#define rmb() __sync_synchronize()
#define wmb() __sync_synchronize()
#include <xen/io/blkif.h>

#define PAGE          4096u
#define TRAP_FLAG     0x100
#define ACCESSES_MAX  512
#define EFLAGS(state) ((ucontext_t *)(state))->uc_mcontext.gregs[REG_EFL]

static uint8_t *page;              /* as the back end sees it: may be watched */
static uint8_t *guests_page;       /* the same memory, as the guest sees it */
static volatile unsigned accesses; /* that were watched */
static uint32_t accessed[ACCESSES_MAX];
static void (*between)(void); /* what the guest does after each access */

static void before_access(int signal, siginfo_t *info, void *state)
{
    uintptr_t at = (uintptr_t)info->si_addr - (uintptr_t)page;

    (void)signal;
    if (at >= PAGE || accesses == ACCESSES_MAX)
        abort();
    accessed[accesses++] = (uint32_t)at;
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    EFLAGS(state) |= TRAP_FLAG;
}

static void after_access(int signal, siginfo_t *info, void *state)
{
    (void)signal, (void)info;
    EFLAGS(state) &= ~TRAP_FLAG;
    if (between)
        between();
    mprotect(page, PAGE, PROT_NONE);
}

static void watch(void (*guest)(void))
{
    struct sigaction fault = {.sa_sigaction = before_access, .sa_flags = SA_SIGINFO};
    struct sigaction trap = {.sa_sigaction = after_access, .sa_flags = SA_SIGINFO};

    accesses = 0;
    between = guest;
    sigaction(SIGSEGV, &fault, NULL);
    sigaction(SIGTRAP, &trap, NULL);
    mprotect(page, PAGE, PROT_NONE);
}

static void unwatch(void)
{
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGTRAP, SIG_DFL);
}

static void spoil(void)
{
    memset(guests_page, 0xa5, PAGE);
}

static blkif_front_ring_t front;

static void make_pages(void)
{
    int file = memfd_create("ring", MFD_CLOEXEC);

    if (page || file < 0 || ftruncate(file, PAGE) != 0)
        return;
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    guests_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CU_ASSERT_FATAL(page != MAP_FAILED && guests_page != MAP_FAILED);
    close(file);
}

static struct shared_ring new_ring(void)
{
    struct shared_ring ring;

    make_pages();
    memset(page, 0, PAGE);
    SHARED_RING_INIT((blkif_sring_t *)guests_page);
    FRONT_RING_INIT(&front, (blkif_sring_t *)guests_page, PAGE);
    CU_ASSERT(shared_ring_attach(&ring, page, PAGE, sizeof(union blkif_sring_entry)));
    shared_ring_publish(&ring);
    return ring;
}

static bool ask(uint64_t id)
{
    bool notify;

    *RING_GET_REQUEST(&front, front.req_prod_pvt) = (blkif_request_t){.operation = 1, .id = id, .sector_number = ~id};
    front.req_prod_pvt++;
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front, notify);
    return notify;
}

static uint64_t take(struct shared_ring *ring)
{
    blkif_request_t request = {0};

    if (shared_ring_take(ring, &request, sizeof(request)) != RING_TAKEN)
        return 0;
    CU_ASSERT(request.sector_number == ~request.id);
    return request.id;
}

static void answer(struct shared_ring *ring, uint64_t id)
{
    blkif_response_t response = {.id = id, .operation = 1, .status = 7};

    shared_ring_answer(ring, &response, sizeof(response));
}

/* The next answer's id as the front end sees it; 0: none. */
static uint64_t hear(void)
{
    if (!RING_HAS_UNCONSUMED_RESPONSES(&front))
        return 0;
    blkif_response_t *response = RING_GET_RESPONSE(&front, front.rsp_cons++);
    CU_ASSERT(response->status == 7);
    return response->id;
}

static void test_flow(void)
{
    struct shared_ring ring = new_ring();

    CU_ASSERT(ring.slots == RING_SIZE(&front));
    for (uint64_t id = 1; id < 1000; id++) {
        CU_ASSERT(take(&ring) == 0);
        CU_ASSERT(!shared_ring_sleep(&ring));
        CU_ASSERT(ask(id));
        CU_ASSERT(shared_ring_waiting(&ring) == 1);
        CU_ASSERT(shared_ring_sleep(&ring));
        CU_ASSERT(take(&ring) == id);
        answer(&ring, id);
        CU_ASSERT(shared_ring_publish(&ring));
        CU_ASSERT(!shared_ring_publish(&ring));
        CU_ASSERT(hear() == id && hear() == 0);
        int more;
        RING_FINAL_CHECK_FOR_RESPONSES(&front, more);
        CU_ASSERT(!more);
    }
}

static void test_full_ring_and_batches(void)
{
    struct shared_ring ring = new_ring();
    uint64_t id = 1;

    CU_ASSERT(!shared_ring_sleep(&ring));
    for (int round = 0; round < 50; round++) {
        for (uint32_t i = 0; i < ring.slots; i++)
            CU_ASSERT(ask(id + i) == (i == 0));
        for (uint32_t i = 0; i < ring.slots; i++)
            CU_ASSERT(take(&ring) == id + i);
        CU_ASSERT(take(&ring) == 0);
        for (uint32_t i = 0; i < ring.slots; i++)
            answer(&ring, id + i);
        front.sring->rsp_event = front.rsp_cons + ring.slots / 2;
        CU_ASSERT(shared_ring_publish(&ring)); /* once for all */
        for (uint32_t i = 0; i < ring.slots; i++)
            CU_ASSERT(hear() == id + i);
        front.sring->rsp_event = front.rsp_cons + ring.slots; /* a far one: no event until it is reached */
        CU_ASSERT(ask(id) == false);
        CU_ASSERT(take(&ring) == id);
        answer(&ring, id);
        CU_ASSERT(!shared_ring_publish(&ring));
        CU_ASSERT(hear() == id);
        CU_ASSERT(!shared_ring_sleep(&ring));
        id += ring.slots;
    }
}

static void test_lies(void)
{
    blkif_request_t request;
    struct shared_ring ring = new_ring();

    front.sring->req_prod = ring.slots + 1;
    CU_ASSERT(shared_ring_take(&ring, &request, sizeof(request)) == RING_BROKEN);
    CU_ASSERT(shared_ring_waiting(&ring) == UINT32_MAX);
    CU_ASSERT(shared_ring_sleep(&ring)); /* not to be slept over */
    front.sring->req_prod = ring.slots;
    CU_ASSERT(shared_ring_take(&ring, &request, sizeof(request)) == RING_TAKEN);
    front.sring->req_prod = ring.slots + 1; /* a slot whose request is not answered, a second time */
    CU_ASSERT(shared_ring_take(&ring, &request, sizeof(request)) == RING_BROKEN);
    front.sring->req_prod = 0; /* backwards */
    CU_ASSERT(shared_ring_take(&ring, &request, sizeof(request)) == RING_BROKEN);
    front.sring->req_prod = 1;
    CU_ASSERT(shared_ring_take(&ring, &request, sizeof(request)) == RING_EMPTY);
    CU_ASSERT(ring.taken == 1 && ring.answered == 0);

    front.sring->rsp_prod = 10, front.sring->req_prod = 9;
    CU_ASSERT(!shared_ring_attach(&ring, page, PAGE, sizeof(union blkif_sring_entry)));
    front.sring->req_prod = 10 + ring.slots;
    CU_ASSERT(shared_ring_attach(&ring, page, PAGE, sizeof(union blkif_sring_entry)));
    front.sring->req_prod++;
    CU_ASSERT(!shared_ring_attach(&ring, page, PAGE, sizeof(union blkif_sring_entry)));
}

static void test_counters_wrap(void)
{
    struct shared_ring ring = new_ring();

    front.sring->req_prod = front.sring->rsp_prod = front.req_prod_pvt = front.rsp_cons = UINT32_MAX - 2;
    front.sring->rsp_event = UINT32_MAX - 1;
    CU_ASSERT(shared_ring_attach(&ring, page, PAGE, sizeof(union blkif_sring_entry)));
    shared_ring_publish(&ring);
    for (uint64_t id = 1; id < 8; id++)
        ask(id);
    for (uint64_t id = 1; id < 8; id++) {
        CU_ASSERT(take(&ring) == id);
        answer(&ring, id);
    }
    CU_ASSERT(shared_ring_publish(&ring));
    CU_ASSERT(front.sring->rsp_prod == 4);
}

/* Everything in the page changes after each access: one look at the counter, one at each byte of the slot. */
static void test_page_changes_while_read(void)
{
    blkif_request_t request;
    struct shared_ring ring = new_ring();
    unsigned of_counter = 0;

    ask(42);
    watch(spoil);
    enum shared_ring_taken taken = shared_ring_take(&ring, &request, sizeof(request));
    between = NULL;
    unwatch();
    CU_ASSERT(taken == RING_TAKEN);
    CU_ASSERT(accesses > 1);
    for (unsigned i = 0; i < accesses; i++) {
        of_counter += accessed[i] == 0;
        CU_ASSERT(accessed[i] == 0 || (accessed[i] >= 64 && accessed[i] < 64 + sizeof(request)));
        for (unsigned k = 0; k < i; k++)
            CU_ASSERT(accessed[i] != accessed[k]);
    }
    CU_ASSERT(of_counter == 1);
    CU_ASSERT(shared_ring_take(&ring, &request, sizeof(request)) == RING_BROKEN);
}

/* Pictures of the page after each access: what a kill there would leave. */
static uint8_t pictures[ACCESSES_MAX][PAGE];
static volatile unsigned pictures_taken; /* changed by a signal */

static void take_picture(void)
{
    memcpy(pictures[pictures_taken++], guests_page, PAGE);
}

/* The back end is killed before its n-th access to the page, for each n: the next one finds all that is not answered,
 * whole, and answers nothing twice. */
static void test_killed_at_any_access(void)
{
    struct shared_ring ring = new_ring();

    for (uint64_t id = 1; id <= 3; id++)
        ask(id);
    for (uint64_t id = 1; id <= 3; id++)
        CU_ASSERT(take(&ring) == id);
    pictures_taken = 0;
    take_picture();
    watch(take_picture);
    answer(&ring, 1);
    answer(&ring, 2);
    unwatch();
    CU_ASSERT(pictures_taken > 10);
    for (unsigned i = 0; i < pictures_taken; i++) {
        uint64_t expected = 1;
        memcpy(page, pictures[i], PAGE);
        front.rsp_cons = 0;
        CU_ASSERT(shared_ring_attach(&ring, page, PAGE, sizeof(union blkif_sring_entry)));
        while (front.rsp_cons != front.sring->rsp_prod)
            CU_ASSERT(hear() == expected++);
        for (uint64_t id; (id = take(&ring)) != 0;)
            CU_ASSERT(id == expected++);
        CU_ASSERT(expected == 4);
        CU_ASSERT(shared_ring_publish(&ring) == (front.rsp_cons > 0)); /* the event that was missing */
    }
}

int main(void)
{
    CU_TestInfo cases[] = {
        {"requests and answers flow", test_flow},
        {"a full ring; one event for a batch", test_full_ring_and_batches},
        {"counters that cannot be", test_lies},
        {"counters wrap", test_counters_wrap},
        {"the page changes while it is read", test_page_changes_while_read},
        {"killed at any access to the page", test_killed_at_any_access},
        CU_TEST_INFO_NULL,
    };

    return unit_run("shared_ring", cases);
}
