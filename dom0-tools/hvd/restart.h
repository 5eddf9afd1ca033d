/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Restarting a guest so that it cannot get lost: before the dead domain is destroyed, all that is needed to make it
 * again stands in the store, and goes only when the new domain is there:
 *
 *   /haven/restart/UUID/   n0
 *     config/0 ...         as in /haven/domain/N (store_layout.h)
 *     name                 for messages
 *     domid                the domain that ended
 *     restarts             "COUNT SECONDS" for the new domain, this restart included
 *     tries                how often making it failed
 *     retry                when it may be tried again (seconds since 1970)
 *
 * "hvctl destroy" removes them, too: then the guest is not made again.
 *
 * hvd may be killed anywhere in between: it looks at these nodes first when it starts.
 *
 *   begin (one transaction) -> destroy -> create -> finish (one transaction)
 */
#ifndef HAVEN_HVD_RESTART_H
#define HAVEN_HVD_RESTART_H

#include "hvd/policy.h"
#include "libhv/domain.h"

#include <xenstore.h>

#define RESTART_ALL "/haven/restart"

/* Writes the nodes of a guest that ended; with rename, the dead one also gets the name NAME-TIME and another UUID, and
 * is marked as preserved, in the same transaction (its handle in the hypervisor follows: restart_mend_handle). */
bool restart_begin(struct xs_handle *xs, const domain_info *info, bool rename);

/* Gives a domain that is preserved the handle that its nodes say. */
void restart_mend_handle(struct hypervisor *hv, struct xs_handle *xs, const domain_info *info);

/* Goes on with one restart, wherever it stands; list: all domains. Returns in how many seconds to come again, 0: never,
 * it is done. */
unsigned restart_continue(struct hypervisor *hv, struct xs_handle *xs, const char *uuid, const domain_info *list,
                          int n);

#endif
