/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thin wrappers over <xenstore.h>: paths by printf, numbers checked, names of domains. They return false, NULL or -1
 * with errno as the library left it (ENOENT: no such node; EINVAL: a node that holds no number).
 */
#ifndef HAVEN_LIBHV_STORE_H
#define HAVEN_LIBHV_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <xenstore.h>

#define STORE_FORMAT(at) __attribute__((format(printf, at, (at) + 1)))

/* Connects to xenstored's socket. Not xs_open: without a socket that goes to the kernel's device, where dom0 waits for
 * ever for the server that is not there. Waits a while for a server that died to come again. */
struct xs_handle *store_open(void);

/* The node's text, NUL at its end; free() it. NULL if there is none. */
char *store_read(struct xs_handle *xs, xs_transaction_t t, const char *path, ...) STORE_FORMAT(3);
/* The node as a number without sign, decimal or 0x; false if there is none. */
bool store_read_number(struct xs_handle *xs, xs_transaction_t t, uint64_t *value, const char *path, ...)
    STORE_FORMAT(4);
bool store_write(struct xs_handle *xs, xs_transaction_t t, const char *path, const char *value);
bool store_exists(struct xs_handle *xs, xs_transaction_t t, const char *path, ...) STORE_FORMAT(3);

/* The name of a domain; free() it. NULL if it has none. */
char *store_domain_name(struct xs_handle *xs, unsigned domid);
/* The id of the domain that bears the name; -1 with ENOENT if there is none. */
int store_domain_by_name(struct xs_handle *xs, const char *name);

/* Waits until a watch fires and takes all that fired, at most until deadline_ms (CLOCK_MONOTONIC; negative: for ever).
 * 1: something fired; 0: deadline; -1 with errno: the connection is gone (ENOTCONN) or a signal came (EINTR). */
int store_wait(struct xs_handle *xs, int64_t deadline_ms);
int64_t store_now_ms(void);

#endif
