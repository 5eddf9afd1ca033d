/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permissions of nodes: a list whose first entry names the owner, who may do everything, and says what everybody may
 * who has no entry of his own. Lists are immutable and counted, since most nodes have their parent's. Pure.
 *
 * An entry for a domain that does not exist is kept and shown, but grants nothing: it is stale, or a later domain of
 * the same number would inherit it.
 */
#ifndef HAVEN_XENSTORE_PERMS_H
#define HAVEN_XENSTORE_PERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PERM_NONE = 0, PERM_READ = 1, PERM_WRITE = 2, PERM_OWNER = 4, PERM_STALE = 8 };

/* As many as fit in a message with the shortest path: "/", "n0" each terminated. */
#define PERMS_MAX 1400

struct perm {
    uint16_t domid;
    uint16_t bits;
};

struct perms {
    uint32_t references;
    uint32_t count;
    struct perm entry[];
};

/* Who asks: a domain, which may act for another one (its target). */
struct actor {
    uint16_t domid;
    uint16_t target; /* ACTOR_NO_TARGET if none */
    bool privileged;
};
#define ACTOR_NO_TARGET 0x7ff4 /* DOMID_INVALID */

struct perms *perms_new(const struct perm *entries, size_t count);
struct perms *perms_owned_by(const struct perms *like, uint16_t owner);
struct perms *perms_get(struct perms *perms);
void perms_put(struct perms *perms);

/* Whether domid is mentioned by a live entry; and the list with such entries made stale (the owner stays). */
bool perms_mention(const struct perms *perms, uint16_t domid);
struct perms *perms_without(const struct perms *perms, uint16_t domid);

/* What actor may do: PERM_READ, PERM_WRITE, PERM_OWNER. */
unsigned perms_for(const struct perms *perms, const struct actor *actor);

/* One permission from text, "r12", which ends at end with a 0; returns what is behind that 0, or NULL if it is none. */
const char *perm_parse(struct perm *perm, const char *text, const char *end);
/* Writes all as "b0\0r12\0", at most size bytes; returns the length, 0 if there is no space. */
size_t perms_format(const struct perms *perms, char *out, size_t size);

#endif
