/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last bytes of a stream that nobody has taken yet: when it is full, the oldest go. Pure. Zeroed at first. */
#ifndef HAVEN_HVCONSOLED_BACKLOG_H
#define HAVEN_HVCONSOLED_BACKLOG_H

#include <stddef.h>

#define BACKLOG_SIZE 65536

struct backlog {
    size_t start, size;
    char data[BACKLOG_SIZE];
};

/* Returns how many of the oldest bytes had to go. */
size_t backlog_put(struct backlog *b, const char *data, size_t size);
/* The oldest bytes in one piece; returns how many, 0 when empty. */
size_t backlog_peek(const struct backlog *b, const char **data);
void backlog_drop(struct backlog *b, size_t size);

#endif
