/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may still hold pages of a domain that is dying. The hypervisor keeps a dead domain's page as long as another
 * domain has it mapped: a back end through a grant, or a tool in dom0 as foreign memory. The hypervisor only tells how
 * many pages are left, so this names the suspects: back ends that the store still shows for the domain, and the
 * programs of this dom0 that have pages of other domains mapped.
 */
#ifndef HAVEN_HVCTL_PAGE_HOLDERS_H
#define HAVEN_HVCTL_PAGE_HOLDERS_H

#include "libhv/domain.h"
#include "libhv/json.h"

#include <stdio.h>
#include <xenstore.h>

/* One or more lines about the domain; xs may be NULL. */
void page_holders_print(FILE *out, struct xs_handle *xs, const domain_info *info);
/* The same as member "held_by" of the object under way. */
void page_holders_json(struct json *j, struct xs_handle *xs, const domain_info *info);

#endif
