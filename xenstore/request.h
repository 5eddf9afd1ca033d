/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests: one message in, one reply out (and events to whom they concern). Each type has a function that takes the
 * payload apart and checks everything, changes something, and replies; or returns an errno, and nothing has changed.
 * The details of who gets which error are those of the C xenstored, for clients rely on them. Pure.
 */
#ifndef HAVEN_XENSTORE_REQUEST_H
#define HAVEN_XENSTORE_REQUEST_H

#include "xenstore/path.h"
#include "xenstore/store.h"
#include "xenstore/wire.h"
#include <stddef.h>
#include <stdint.h>

struct connection;
struct transaction;

/* Handles the message whose header and payload are given (and stay while it does). */
void request_handle(struct connection *connection, const struct xsd_sockmsg *header, const char *payload);

/* For the files request_*.c: */
struct request {
    struct connection *connection;
    struct store *store;
    struct transaction *transaction; /* NULL: none */
    const struct xsd_sockmsg *header;
    const char *payload;
    size_t length;
};

/* A name from the payload, made absolute in text. */
struct request_name {
    struct path path;
    char text[PATH_LENGTH_MAX + 1];
};

int request_reply(struct request *request, const void *payload, size_t length); /* 0, or E2BIG */
int request_acknowledge(struct request *request);                               /* "OK"; 0 */

/* Whose name it is shown relative to, if any: *hidden characters. */
int request_get_name(struct request *request, const struct wire_string *string, struct request_name *name,
                     unsigned *hidden);
struct tree *request_tree(struct request *request);
bool request_is_privileged(const struct request *request);

int request_directory(struct request *request);
int request_directory_part(struct request *request);
int request_read(struct request *request);
int request_get_perms(struct request *request);
int request_write(struct request *request);
int request_mkdir(struct request *request);
int request_remove(struct request *request);
int request_set_perms(struct request *request);
int request_watch(struct request *request);
int request_unwatch(struct request *request);
int request_reset_watches(struct request *request);
int request_transaction_start(struct request *request);
int request_transaction_end(struct request *request);
int request_introduce(struct request *request);
int request_release(struct request *request);
int request_resume(struct request *request);
int request_set_target(struct request *request);
int request_is_introduced(struct request *request);
int request_get_domain_path(struct request *request);
int request_control(struct request *request);

#endif
