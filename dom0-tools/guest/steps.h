/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A job as a table of steps, each with what undoes it. They run from the top; if one fails, or the job is cancelled
 * between two, those that are done are undone from there upwards, and nothing is left. A step undoes its own half when
 * it fails inside. Undoing cannot fail: what it meets, it goes on.
 *
 *     static const struct step table[] = {{"kernel", open_kernel, close_kernel}, {"domain", make_domain, end_domain}};
 *     steps_run(table, 2, job, &options, failure)
 *
 * Pure.
 */
#ifndef HAVEN_GUEST_STEPS_H
#define HAVEN_GUEST_STEPS_H

#include "libhv/failure.h"
#include <signal.h>
#include <stdint.h>

struct step {
    const char *name;
    int (*perform)(void *job, struct failure *failure); /* 0, or -1 with the reason */
    void (*undo)(void *job);                            /* NULL: nothing to undo */
};

struct step_span {
    const char *name;
    uint64_t nanoseconds;
};

/* Zeroes: neither. */
struct steps_options {
    const volatile sig_atomic_t *cancelled; /* looked at before each step, if not NULL */
    const char *fail_after;                 /* for tests: fails when the step of that name is done */
    void (*announce)(const char *step);     /* called before each step, if not NULL */
    struct step_span *spans;                /* one per step that ran, if not NULL */
    unsigned *spans_used;
};

int steps_run(const struct step *table, unsigned count, void *job, const struct steps_options *options,
              struct failure *failure);

/* Undoes all of them, from the last. */
void steps_undo(const struct step *table, unsigned count, void *job);

#endif
