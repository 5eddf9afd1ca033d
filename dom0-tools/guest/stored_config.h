/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration of a running guest as the store keeps it: text in pieces under /haven/domain/N/config (see
 * store_layout.h). Functions return false or NULL with errno; ENOENT: the guest is not ours.
 */
#ifndef HAVEN_GUEST_STORED_CONFIG_H
#define HAVEN_GUEST_STORED_CONFIG_H

#include "config/guest_config.h"

#include <xenstore.h>

/* The pieces below directory/config joined; free() it. */
char *stored_config_read(struct xs_handle *xs, xs_transaction_t t, const char *directory);
/* Replaces the pieces below directory/config. Wants a transaction, since readers must not see half of it. */
bool stored_config_write(struct xs_handle *xs, xs_transaction_t t, const char *directory, const char *text);

/* Parsed; guest_config_free(guest) only if true. */
bool stored_config_load(struct xs_handle *xs, unsigned domid, struct guest_config *guest);
bool stored_config_load_from(struct xs_handle *xs, xs_transaction_t t, const char *directory,
                             struct guest_config *guest);

#endif
