/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What dom0 needs so that guests can be created, as a table of parts in the order in which they depend on each other.
 * Each part tells whether it is there, and can be brought there; both as often as one likes.
 */
#ifndef HAVEN_HVCTL_HOST_PARTS_H
#define HAVEN_HVCTL_HOST_PARTS_H

#include <stdbool.h>
#include <stdint.h>

struct host_context {
    const char *xenstored; /* the program to start; NULL: ours */
    int64_t deadline_ms;   /* for starting */
    char text[256];        /* what a part says about itself: a fact if it is well, else what is wrong */
};

struct host_part {
    const char *name, *what;
    bool (*check)(struct host_context *c);
    int (*start)(struct host_context *c); /* 0, or -1 with text; NULL: nothing can be done */
    int (*stop)(struct host_context *c);  /* likewise; NULL: it stays, since guests live on it */
};

extern const struct host_part host_parts[];
extern const unsigned host_part_count;

#endif
