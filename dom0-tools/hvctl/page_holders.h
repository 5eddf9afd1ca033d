/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may still hold pages of a domain that is dying. The hypervisor keeps a dead domain's page as long as another
 * domain has it mapped: a back end through a grant, or a tool in dom0 as foreign memory. Haven tells which domains use
 * how many of its grants (haven/grant_users.h); the other pages are mapped as foreign memory, which only a control
 * domain can. Which of dom0's programs it is the hypervisor does not know, so those are named that have pages of other
 * domains mapped in this way, with their arguments (our back end's has the domain's number there), and the back ends
 * that the store still shows. On Xen there are only these.
 */
#ifndef HAVEN_HVCTL_PAGE_HOLDERS_H
#define HAVEN_HVCTL_PAGE_HOLDERS_H

#include "libhv/domain.h"
#include "libhv/hypervisor.h"
#include "libhv/json.h"

#include <stdio.h>
#include <xenstore.h>

/* One or more lines about the domain; xs may be NULL. */
void page_holders_print(FILE *out, struct hypervisor *hv, struct xs_handle *xs, const domain_info *info);
/* The same as members "grant_users", "foreign_pages" and "held_by" of the object under way. */
void page_holders_json(struct json *j, struct hypervisor *hv, struct xs_handle *xs, const domain_info *info);

#endif
