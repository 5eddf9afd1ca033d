/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See steps.h. */
#include "guest/steps.h"

#include <string.h>
#include <time.h>

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void steps_undo(const struct step *table, unsigned count, void *job)
{
    while (count--)
        if (table[count].undo)
            table[count].undo(job);
}

static int run_step(const struct step *step, void *job, const struct steps_options *o, struct failure *failure)
{
    uint64_t start = now();

    if (o->cancelled && *o->cancelled)
        return failure_set(failure, "interrupted before step \"%s\"", step->name);
    if (o->announce)
        o->announce(step->name);
    if (step->perform(job, failure))
        return failure_set(failure, "step \"%s\" failed", step->name); /* unless it said why */
    if (o->spans)
        o->spans[(*o->spans_used)++] = (struct step_span){step->name, now() - start};
    return 0;
}

int steps_run(const struct step *table, unsigned count, void *job, const struct steps_options *options,
              struct failure *failure)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned done = i;
        int r = run_step(&table[i], job, options, failure);
        if (!r && options->fail_after && strcmp(options->fail_after, table[i].name) == 0) {
            r = failure_set(failure, "failing after step \"%s\", as asked", table[i].name);
            done++;
        }
        if (r) {
            steps_undo(table, done, job);
            return -1;
        }
    }
    return 0;
}
