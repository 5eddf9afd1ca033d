/* SPDX-License-Identifier: MIT
 *
 * The guest's connection to the store: a tree of short texts in which the halves of a driver find each other.
 *
 * Requests and answers go through a page with two byte rings, one for each direction, and one event channel. A message
 * is a header (struct xsd_sockmsg) and up to 4096 bytes. One request is under way at a time; answers carry its number.
 * Between answers come events of watches ("something at or below this path changed: look again"); they are kept in a
 * queue until somebody asks for them.
 *
 * Paths that do not begin with "/" are below the guest's own folder, /local/domain/N. Results are lengths or 0 on
 * success and a negative XEN_Exxx (<xen/errno.h>) on failure: -XEN_ENOENT, -XEN_EACCES, -XEN_EAGAIN, ...
 */
#ifndef FRONT_STORE_H
#define FRONT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_PATH_MAX 128 /* of those that we make */
#define STORE_OUTSIDE  0u  /* "transaction" of a request outside of any */

bool store_init(void); /* false: this domain has no store */

/* Reads a value, at most size - 1 bytes of it, and ends it by a zero; the result is its whole length. */
long store_read(uint32_t transaction, const char *path, char *value, size_t size);
long store_write(uint32_t transaction, const char *path, const char *value);
long store_remove(uint32_t transaction, const char *path);
/* The names in a folder, each ended by a zero; the result is the length of all. */
long store_directory(uint32_t transaction, const char *path, char *names, size_t size);

/* A transaction sees the store as it was when it began, and happens whole or not at all. store_end says -XEN_EAGAIN
 * when somebody else changed what it saw: do it all again. */
long store_begin(uint32_t *transaction);
long store_end(uint32_t transaction, bool commit);

/* One event comes at once for each new watch. */
long store_watch(const char *path, const char *token);
long store_unwatch(const char *path, const char *token);
/* The next event's path and token (both may be NULL). false: none until the time (port.h). */
bool store_event(char *path, size_t path_size, char *token, size_t token_size, uint64_t until);
unsigned store_events_lost(void); /* that did not fit into the queue */

/* Any request, for those who want more, or worse: text and its length go as they are; the answer comes into reply. */
long store_request(uint32_t type, uint32_t transaction, const void *text, size_t length, char *reply, size_t size);

#endif
