/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes what the store says about a new guest (store_layout.h), in one transaction. */
#ifndef HAVEN_GUEST_STORE_NODES_H
#define HAVEN_GUEST_STORE_NODES_H

#include "config/guest_config.h"
#include "libhv/failure.h"

#include <xenstore.h>

struct store_facts {
    const struct guest_config *config;
    const char *uuid; /* as text */
    unsigned domid;
    uint32_t store_port, console_port;
    uint64_t store_frame, console_frame;
};

int store_nodes_write(struct xs_handle *xs, const struct store_facts *facts, struct failure *failure);

/* Another configuration and other policies for a guest that runs: both count from its next end on. */
int store_nodes_update(struct xs_handle *xs, unsigned domid, const struct guest_config *config,
                       struct failure *failure);

/* All of them, whether they are there or not; uuid NULL: as /local/domain/N/vm says. */
void store_nodes_remove(struct xs_handle *xs, unsigned domid, const char *uuid);

#endif
