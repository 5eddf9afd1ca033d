/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domains and their rings: pages, event channels, life and death. A domain is known here when it was introduced,
 * which gives it a ring, or when permissions named it; both are forgotten, with all that the store holds of it, when
 * the hypervisor says it is gone.
 *
 * Event channels die with the process; then the domain's end is unbound again, still meant for dom0, and the successor
 * binds it anew. A notification that was sent meanwhile is lost, so all rings are looked at when they are resumed.
 */
#ifndef HAVEN_XENSTORE_DOMAINS_H
#define HAVEN_XENSTORE_DOMAINS_H

#include "xenstore/journal.h"
#include "xenstore/schedule.h"
#include "xenstore/store.h"
#include <stdbool.h>

struct domains;

/* Opens the doors to the hypervisor; says what is wrong in the log. NULL then. */
struct domains *domains_open(struct store *store, struct schedule *schedule);
extern const struct store_host domains_host;

/* dom0's own ring; unless the journal brought it. */
bool domains_start_dom0(struct domains *domains);
/* After the journal was played: maps pages, binds event channels, looks who has died. */
void domains_resume(struct domains *domains);

/* The descriptor that becomes readable, and what to do then. */
int domains_fd(const struct domains *domains);
void domains_handle_events(struct domains *domains);
/* What had to be committed before a domain may see it; what comes of it is committed, too. Before anything is sent. */
void domains_show(struct domains *domains);
/* Notifies those whose rings were moved since the last time. */
void domains_notify(struct domains *domains);

/* For recovery.c: writes all records about domains; plays one of them back (false: it is none of these). */
void domains_write_state(const struct domains *domains, struct journal *journal);
bool domains_play(struct domains *domains, const struct journal_record *record);

#endif
