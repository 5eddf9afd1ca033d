/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See path.h. The hash is FNV-1a over the whole prefix with its slashes. */
#include "xenstore/path.h"

#include <string.h>

enum { FORBIDDEN, ORDINARY };
static const uint8_t kind[256] = {
    ['0' ... '9'] = ORDINARY, ['A' ... 'Z'] = ORDINARY, ['a' ... 'z'] = ORDINARY,
    ['-'] = ORDINARY,         ['_'] = ORDINARY,         ['@'] = ORDINARY,
};

static inline uint32_t hash_add(uint32_t hash, char c)
{
    return (hash ^ (uint8_t)c) * 16777619u;
}

uint32_t path_hash_text(const char *text, size_t length)
{
    uint32_t hash = PATH_HASH_ROOT;
    for (size_t i = 0; i < length; i++)
        hash = hash_add(hash, text[i]);
    return hash;
}

/* A domain's own prefix does not count towards the longest name. */
static unsigned domain_prefix_length(const char *text, size_t length)
{
    static const char prefix[] = "/local/domain/";
    size_t i = sizeof(prefix) - 1, digits = 0;

    if (length <= i || memcmp(text, prefix, i))
        return 0;
    for (; i < length && text[i] >= '0' && text[i] <= '9' && digits < 5; i++)
        digits++;
    return digits && i < length && text[i] == '/' ? i + 1 : 0;
}

bool path_parse(struct path *path, const char *text, size_t length, unsigned longest)
{
    if (!length || text[0] != '/' || length >= PATH_LENGTH_MAX)
        return false;
    if (length > longest && length - domain_prefix_length(text, length) > longest)
        return false;
    path->text = text;
    path->length = length;
    path->depth = 0;
    if (length == 1)
        return true;

    uint32_t hash = PATH_HASH_ROOT;
    const char *at = text, *end = text + length;
    while (at < end) { /* at a slash */
        if (*at != '/')
            return false;
        hash = hash_add(hash, *at++);
        const char *start = at;
        for (; at < end && kind[(uint8_t)*at] == ORDINARY; at++)
            hash = hash_add(hash, *at);
        if (at == start)
            return false;
        path->part[path->depth++] = (struct path_part){.end = at - text, .hash = hash};
    }
    return true;
}

void path_push(struct path *path, char *text, const char *name, size_t length)
{
    unsigned end = path->depth ? path->part[path->depth - 1].end : 0;
    uint32_t hash = path_prefix_hash(path, path->depth);

    hash = hash_add(hash, text[end++] = '/');
    for (size_t i = 0; i < length; i++)
        hash = hash_add(hash, text[end++] = name[i]);
    path->text = text;
    path->length = end;
    path->part[path->depth++] = (struct path_part){.end = end, .hash = hash};
}

void path_pop(struct path *path)
{
    path->depth--;
    path->length = path_prefix_length(path, path->depth);
}
