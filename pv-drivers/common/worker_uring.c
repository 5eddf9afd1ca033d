/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See worker_uring.h. */
#include "common/worker_uring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

/* The two files that wake the worker are in the ring's table, as they stay open as long as it does. */
enum { FILE_EVENTS, FILE_LOOP, FILES };

struct worker_uring {
    struct io_uring ring;
    unsigned gathered; /* not submitted yet */
    bool events_armed, loop_armed;
    bool reading;   /* the ports */
    bool read_more; /* there may be more than what was read */
    bool told_late; /* some owner, when the turn was over: there is no sleep before the next one */
    unsigned woken;
    unsigned port_count; /* read, and not taken yet */
    evtchn_port_t ports[WORKER_URING_PORTS], heard[WORKER_URING_PORTS];
};

/* What a completion is of: an owner's operation, or one of these. */
static struct uring_operation of_events, of_ports, of_loop, of_nobody;

static const uint8_t own_operations[] = {IORING_OP_READ, IORING_OP_WRITE, IORING_OP_POLL_ADD};
#define OWN_OPERATIONS  (sizeof(own_operations) / sizeof(own_operations[0]))
#define OPERATIONS_MOST 16

static int restrict_ring(struct io_uring *ring, const struct worker_uring_plan *plan)
{
    struct io_uring_restriction rules[OPERATIONS_MOST] = {
        {.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED, .sqe_flags = IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE},
    };
    unsigned n = 1;

    if (plan->operation_count > OPERATIONS_MOST - 1 - OWN_OPERATIONS)
        return -E2BIG;
    for (unsigned i = 0; i < OWN_OPERATIONS + plan->operation_count; i++)
        rules[n++] = (struct io_uring_restriction){.opcode = IORING_RESTRICTION_SQE_OP,
                                                   .sqe_op = i < OWN_OPERATIONS ? own_operations[i]
                                                                                : plan->operations[i - OWN_OPERATIONS]};
    /* By number: liburing 2.3 declares functions for this and the next, and does not export them. */
    int error = io_uring_register((unsigned)ring->ring_fd, IORING_REGISTER_RESTRICTIONS, rules, n);
    return error ? error : io_uring_register((unsigned)ring->ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

static int set_up(struct io_uring *ring, const struct worker_uring_plan *plan, int event_channels, int loop)
{
    const struct iovec memory = {.iov_base = plan->memory, .iov_len = plan->memory_bytes};
    const int files[FILES] = {[FILE_EVENTS] = event_channels, [FILE_LOOP] = loop};
    int error = plan->memory ? io_uring_register_buffers(ring, &memory, 1) : 0;

    if (!error)
        error = io_uring_register_files(ring, files, FILES);
    if (error)
        return error;
    io_uring_register_ring_fd(ring); /* saves looking the ring up each time; does without if it can't be */
    return restrict_ring(ring, plan);
}

struct worker_uring *worker_uring_open(const struct worker_uring_plan *plan, int event_channels, int loop,
                                       struct failure *failure)
{
    struct io_uring_params params = {
        .flags =
            IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
        .cq_entries = 4 * plan->entries,
    };
    struct worker_uring *u = calloc(1, sizeof(*u));

    if (!u || fcntl(event_channels, F_SETFL, O_NONBLOCK)) {
        failure_errno(failure, "event channels");
        free(u);
        return NULL;
    }
    int error = io_uring_queue_init_params(plan->entries, &u->ring, &params);
    if (!error) {
        error = set_up(&u->ring, plan, event_channels, loop);
        if (!error)
            return u;
        io_uring_queue_exit(&u->ring);
    }
    errno = -error;
    failure_errno(failure, "io_uring can't be set up (it needs Linux 6.1, and kernel.io_uring_disabled = 0)");
    free(u);
    return NULL;
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

/* What was read before has to be taken first. */
static void read_ports(struct worker_uring *u)
{
    u->read_more = u->reading || u->port_count;
    if (u->read_more)
        return;
    struct io_uring_sqe *entry = worker_uring_next(u);
    io_uring_prep_read(entry, FILE_EVENTS, u->ports, sizeof(u->ports), 0);
    worker_uring_own(entry, &of_ports);
    entry->flags |= IOSQE_FIXED_FILE;
    u->reading = true;
}

static void take_events(struct worker_uring *u, unsigned flags)
{
    u->events_armed = flags & IORING_CQE_F_MORE;
    u->woken |= WORKER_URING_EVENTS;
    read_ports(u);
}

static void take_ports(struct worker_uring *u, int result)
{
    u->reading = false;
    u->port_count = result > 0 ? (unsigned)result / sizeof(evtchn_port_t) : 0;
    u->read_more |= u->port_count == WORKER_URING_PORTS;
}

/* What the kernel has done. true: some owner was told. */
static bool reap(struct worker_uring *u)
{
    struct io_uring_cqe *entry;
    bool told = false;

    while (io_uring_peek_cqe(&u->ring, &entry) == 0) {
        struct uring_operation *of = io_uring_cqe_get_data(entry);
        int result = entry->res;
        unsigned flags = entry->flags;
        io_uring_cqe_seen(&u->ring, entry);
        if (of == &of_events) {
            take_events(u, flags);
        } else if (of == &of_ports) {
            take_ports(u, result);
        } else if (of == &of_loop) {
            u->loop_armed = false;
            u->woken |= WORKER_URING_LOOP;
        } else if (of != &of_nobody) {
            told = true;
            of->ended(of, result);
        }
    }
    return told;
}

bool worker_uring_enter(struct worker_uring *u, bool wait)
{
    if (!wait && !u->gathered)
        return false;
    u->gathered = 0;
    if (wait)
        io_uring_submit_and_wait(&u->ring, 1);
    else
        io_uring_submit_and_get_events(&u->ring);
    return reap(u);
}

/* The ports are let in again; only a failure, which there is none, would be heard of. */
static void let_in(struct worker_uring *u, const evtchn_port_t *heard, unsigned heard_count)
{
    struct io_uring_sqe *entry = worker_uring_next(u);

    for (unsigned i = 0; i < heard_count; i++)
        u->heard[i] = heard[i];
    io_uring_prep_write(entry, FILE_EVENTS, u->heard, heard_count * (unsigned)sizeof(*heard), 0);
    worker_uring_own(entry, NULL);
    entry->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS; /* its end would end the wait */
}

static void arm(struct worker_uring *u)
{
    struct io_uring_sqe *entry;

    if (!u->events_armed) {
        entry = worker_uring_next(u);
        io_uring_prep_poll_multishot(entry, FILE_EVENTS, POLLIN);
        worker_uring_own(entry, &of_events);
        entry->flags |= IOSQE_FIXED_FILE;
        u->events_armed = true;
    }
    if (!u->loop_armed) {
        entry = worker_uring_next(u);
        io_uring_prep_poll_add(entry, FILE_LOOP, POLLIN);
        worker_uring_own(entry, &of_loop);
        entry->flags |= IOSQE_FIXED_FILE;
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

unsigned worker_uring_ports(struct worker_uring *u, evtchn_port_t ports[WORKER_URING_PORTS])
{
    while (u->reading) {
        io_uring_submit_and_get_events(&u->ring);
        u->gathered = 0;
        u->told_late |= reap(u);
    }
    unsigned count = u->port_count;
    u->port_count = 0;
    for (unsigned i = 0; i < count; i++)
        ports[i] = u->ports[i];
    return count;
}

unsigned worker_uring_sleep(struct worker_uring *u, const evtchn_port_t *heard, unsigned heard_count,
                            int64_t timeout_ns)
{
    if (heard_count)
        let_in(u, heard, heard_count);
    if (u->read_more) {
        read_ports(u);
        u->woken |= WORKER_URING_EVENTS;
    }
    if (!u->woken && !u->told_late) /* what came while files were worked is not waited for again */
        wait_for_any(u, timeout_ns);
    else
        worker_uring_enter(u, false);
    unsigned woken = u->woken;
    u->woken = 0;
    u->told_late = false;
    return woken;
}
