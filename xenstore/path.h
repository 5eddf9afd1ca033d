/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of nodes: absolute, parts separated by single slashes. A name is taken apart once, when it arrives; then each
 * part has its end and the hash of everything before that end. The same hash finds the child in its parent and the
 * watches on that prefix, for nodes are never renamed. Pure.
 */
#ifndef HAVEN_XENSTORE_PATH_H
#define HAVEN_XENSTORE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATH_LENGTH_MAX 3072 /* XENSTORE_ABS_PATH_MAX */
#define PATH_DEPTH_MAX  (PATH_LENGTH_MAX / 2)
#define PATH_HASH_ROOT  0x811c9dc5u

struct path_part {
    uint16_t end; /* offset behind the part's last character */
    uint32_t hash;
};

struct path {
    const char *text; /* not owned, not terminated */
    unsigned length;
    unsigned depth; /* number of parts; 0 for the root */
    struct path_part part[PATH_DEPTH_MAX];
};

/* Takes text apart; false if it is no valid absolute name. longest bounds the name behind "/local/domain/<id>/". */
bool path_parse(struct path *path, const char *text, size_t length, unsigned longest);

/* Goes down by one part, name, which must be valid; text must be the buffer that path lies in, with space for it. */
void path_push(struct path *path, char *text, const char *name, size_t length);
void path_pop(struct path *path);

static inline const char *path_part_name(const struct path *path, unsigned i)
{
    return path->text + (i ? path->part[i - 1].end : 0) + 1;
}

static inline unsigned path_part_length(const struct path *path, unsigned i)
{
    return path->part[i].end - (i ? path->part[i - 1].end : 0) - 1u;
}

/* Length and hash of the first depth parts. */
static inline unsigned path_prefix_length(const struct path *path, unsigned depth)
{
    return depth ? path->part[depth - 1].end : 1;
}

static inline uint32_t path_prefix_hash(const struct path *path, unsigned depth)
{
    return depth ? path->part[depth - 1].hash : PATH_HASH_ROOT;
}

/* The hash of any other string, for names that are no paths ("@releaseDomain"). */
uint32_t path_hash_text(const char *text, size_t length);

#endif
