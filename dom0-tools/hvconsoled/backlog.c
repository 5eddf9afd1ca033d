/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hvconsoled/backlog.h"
#include <string.h>

size_t backlog_put(struct backlog *b, const char *data, size_t size)
{
    size_t lost = 0;

    if (size > BACKLOG_SIZE) {
        lost = size - BACKLOG_SIZE;
        data += lost;
        size = BACKLOG_SIZE;
    }
    if (size > BACKLOG_SIZE - b->size) {
        size_t over = size - (BACKLOG_SIZE - b->size);

        backlog_drop(b, over);
        lost += over;
    }
    size_t end = (b->start + b->size) % BACKLOG_SIZE;
    size_t first = size < BACKLOG_SIZE - end ? size : BACKLOG_SIZE - end;

    memcpy(b->data + end, data, first);
    memcpy(b->data, data + first, size - first);
    b->size += size;
    return lost;
}

size_t backlog_peek(const struct backlog *b, const char **data)
{
    *data = b->data + b->start;
    return b->size < BACKLOG_SIZE - b->start ? b->size : BACKLOG_SIZE - b->start;
}

void backlog_drop(struct backlog *b, size_t size)
{
    if (size > b->size)
        size = b->size;
    b->start = (b->start + size) % BACKLOG_SIZE;
    b->size -= size;
}
