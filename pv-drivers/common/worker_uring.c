/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See worker_uring.h. Files are used by their numbers: the ring's table would keep them open after they were closed. */
#include "common/worker_uring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

struct worker_uring {
    struct io_uring ring;
    unsigned gathered; /* not submitted yet */
    bool events_armed, loop_armed;
    unsigned woken;
    unsigned port_count;
    evtchn_port_t ports[WORKER_URING_PORTS], heard[WORKER_URING_PORTS];
    int event_channels, loop;
};

/* What a completion is of: an owner's operation, or one of these. */
static struct uring_operation of_events, of_loop, of_nobody;

static const uint8_t allowed_operations[] = {IORING_OP_READ,   IORING_OP_WRITE,        IORING_OP_READV,
                                             IORING_OP_WRITEV, IORING_OP_ASYNC_CANCEL, IORING_OP_POLL_ADD};
#define ALLOWED (sizeof(allowed_operations) / sizeof(allowed_operations[0]))

static int restrict_ring(struct io_uring *ring)
{
    struct io_uring_restriction rules[ALLOWED + 1] = {
        [ALLOWED] = {.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED, .sqe_flags = IOSQE_CQE_SKIP_SUCCESS},
    };

    for (unsigned i = 0; i < ALLOWED; i++)
        rules[i] = (struct io_uring_restriction){.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = allowed_operations[i]};
    /* By number: liburing 2.3 declares functions for this and the next, and does not export them. */
    int error = io_uring_register((unsigned)ring->ring_fd, IORING_REGISTER_RESTRICTIONS, rules, ALLOWED + 1);
    return error ? error : io_uring_register((unsigned)ring->ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

struct worker_uring *worker_uring_open(unsigned entries, int event_channels, int loop, struct failure *failure)
{
    struct io_uring_params params = {
        .flags =
            IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
        .cq_entries = 4 * entries,
    };
    struct worker_uring *u = calloc(1, sizeof(*u));

    if (!u || fcntl(event_channels, F_SETFL, O_NONBLOCK)) {
        failure_errno(failure, "event channels");
        free(u);
        return NULL;
    }
    u->event_channels = event_channels;
    u->loop = loop;
    int error = io_uring_queue_init_params(entries, &u->ring, &params);
    if (!error) {
        error = restrict_ring(&u->ring);
        if (!error)
            return u;
        io_uring_queue_exit(&u->ring);
    }
    errno = -error;
    failure_errno(failure, "io_uring can't be set up (it needs Linux 6.1, and kernel.io_uring_disabled = 0)");
    free(u);
    return NULL;
}

static void take_events(struct worker_uring *u, int result)
{
    u->events_armed = false;
    if (result > 0) {
        u->port_count = (unsigned)result / sizeof(evtchn_port_t);
        u->woken |= WORKER_URING_EVENTS;
    }
}

static void reap(struct worker_uring *u)
{
    struct io_uring_cqe *entry;

    while (io_uring_peek_cqe(&u->ring, &entry) == 0) {
        struct uring_operation *of = io_uring_cqe_get_data(entry);
        int result = entry->res;
        io_uring_cqe_seen(&u->ring, entry);
        if (of == &of_events) {
            take_events(u, result);
        } else if (of == &of_loop) {
            u->loop_armed = false;
            u->woken |= WORKER_URING_LOOP;
        } else if (of != &of_nobody) {
            of->ended(of, result);
        }
    }
}

struct io_uring_sqe *worker_uring_next(struct worker_uring *u)
{
    struct io_uring_sqe *entry;

    while (!(entry = io_uring_get_sqe(&u->ring)))
        io_uring_submit_and_get_events(&u->ring); /* what ends by that is told of later */
    u->gathered++;
    return entry;
}

void worker_uring_own(struct io_uring_sqe *entry, struct uring_operation *operation)
{
    io_uring_sqe_set_data(entry, operation ? operation : &of_nobody);
}

void worker_uring_enter(struct worker_uring *u, bool wait)
{
    if (wait)
        io_uring_submit_and_wait(&u->ring, 1);
    else if (u->gathered)
        io_uring_submit_and_get_events(&u->ring);
    u->gathered = 0;
    reap(u);
}

/* The ports are let in again; only a failure, which there is none, would be heard of. */
static void let_in(struct worker_uring *u, const evtchn_port_t *heard, unsigned heard_count)
{
    struct io_uring_sqe *entry = worker_uring_next(u);

    for (unsigned i = 0; i < heard_count; i++)
        u->heard[i] = heard[i];
    io_uring_prep_write(entry, u->event_channels, u->heard, heard_count * (unsigned)sizeof(*heard), 0);
    worker_uring_own(entry, NULL);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS; /* or it would end the wait */
}

static void arm(struct worker_uring *u)
{
    struct io_uring_sqe *entry;

    if (!u->events_armed) {
        entry = worker_uring_next(u);
        io_uring_prep_read(entry, u->event_channels, u->ports, sizeof(u->ports), 0);
        worker_uring_own(entry, &of_events);
        u->events_armed = true;
    }
    if (!u->loop_armed) {
        entry = worker_uring_next(u);
        io_uring_prep_poll_add(entry, u->loop, POLLIN);
        worker_uring_own(entry, &of_loop);
        u->loop_armed = true;
    }
}

static void wait_for_any(struct worker_uring *u, int64_t timeout_ns)
{
    struct __kernel_timespec wait = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    struct io_uring_cqe *entry;

    arm(u);
    u->gathered = 0;
    if (timeout_ns < 0)
        io_uring_submit_and_wait(&u->ring, 1);
    else
        io_uring_submit_and_wait_timeout(&u->ring, &entry, 1, &wait, NULL);
    reap(u);
}

unsigned worker_uring_sleep(struct worker_uring *u, const evtchn_port_t *heard, unsigned heard_count,
                            int64_t timeout_ns, const evtchn_port_t **ports, unsigned *count)
{
    if (heard_count)
        let_in(u, heard, heard_count);
    if (!u->woken) /* what came while files were worked is not waited for again */
        wait_for_any(u, timeout_ns);
    else
        worker_uring_enter(u, false);
    unsigned woken = u->woken;
    u->woken = 0;
    *ports = u->ports;
    *count = woken & WORKER_URING_EVENTS ? u->port_count : 0;
    return woken;
}
