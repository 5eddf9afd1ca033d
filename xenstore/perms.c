/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See perms.h. */
#include "xenstore/perms.h"

#include "xenstore/memory.h"
#include <stdlib.h>
#include <string.h>

struct perms *perms_new(const struct perm *entries, size_t count)
{
    struct perms *perms = memory_alloc(sizeof(*perms) + count * sizeof(*entries));

    perms->references = 1;
    perms->count = count;
    memcpy(perms->entry, entries, count * sizeof(*entries));
    return perms;
}

struct perms *perms_owned_by(const struct perms *like, uint16_t owner)
{
    struct perms *perms = perms_new(like->entry, like->count);
    perms->entry[0].domid = owner;
    return perms;
}

struct perms *perms_get(struct perms *perms)
{
    perms->references++;
    return perms;
}

void perms_put(struct perms *perms)
{
    if (--perms->references == 0)
        free(perms);
}

bool perms_mention(const struct perms *perms, uint16_t domid)
{
    for (uint32_t i = 1; i < perms->count; i++)
        if (perms->entry[i].domid == domid && !(perms->entry[i].bits & PERM_STALE))
            return true;
    return false;
}

struct perms *perms_without(const struct perms *perms, uint16_t domid)
{
    struct perms *without = perms_new(perms->entry, perms->count);

    for (uint32_t i = 1; i < without->count; i++)
        if (without->entry[i].domid == domid)
            without->entry[i].bits |= PERM_STALE;
    return without;
}

unsigned perms_for(const struct perms *perms, const struct actor *actor)
{
    const unsigned all = PERM_READ | PERM_WRITE | PERM_OWNER;
    unsigned owner = perms->entry[0].domid;

    if (actor->privileged || owner == actor->domid || owner == actor->target)
        return all;
    for (uint32_t i = 1; i < perms->count; i++) {
        const struct perm *p = &perms->entry[i];
        if (!(p->bits & PERM_STALE) && (p->domid == actor->domid || p->domid == actor->target))
            return p->bits & all;
    }
    return perms->entry[0].bits & all;
}

const char *perm_parse(struct perm *perm, const char *text, const char *end)
{
    static const char letters[] = "nrwb"; /* the place is the value */
    const char *letter = text < end && *text ? strchr(letters, *text) : NULL;
    unsigned domid = 0;

    if (!letter)
        return NULL;
    const char *digits = ++text;
    for (; text < end && *text >= '0' && *text <= '9'; text++) {
        domid = domid * 10 + (*text - '0');
        if (domid > UINT16_MAX)
            return NULL;
    }
    if (text == digits || text >= end || *text)
        return NULL;
    *perm = (struct perm){.domid = domid, .bits = letter - letters};
    return text + 1;
}

size_t perms_format(const struct perms *perms, char *out, size_t size)
{
    size_t used = 0;

    for (uint32_t i = 0; i < perms->count; i++) {
        char digits[8];
        int n = 0;
        unsigned domid = perms->entry[i].domid;
        do {
            digits[n++] = '0' + domid % 10;
        } while (domid /= 10);
        if (used + n + 2 > size)
            return 0;
        out[used++] = "nrwb"[perms->entry[i].bits & (PERM_READ | PERM_WRITE)];
        while (n)
            out[used++] = digits[--n];
        out[used++] = 0;
    }
    return used;
}
