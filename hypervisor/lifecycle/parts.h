/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hangs on a domain, as a table: create walks it forwards, a failed create and the end walk it back. Each part has
 * up to three steps:
 *   init       at creation; on error it leaves nothing behind of its own
 *   relinquish of a dying domain: gives up what it holds of others (mappings, references); resumable by -ERESTART
 *   free       when nobody holds a reference to the domain any more; harmless if init never ran
 */
#ifndef HAVEN_LIFECYCLE_PARTS_H
#define HAVEN_LIFECYCLE_PARTS_H

#include "lifecycle/create.h"

int parts_init(struct domain *d, const struct domain_config *c);
int parts_relinquish(struct domain *d);
void parts_free(struct domain *d);

#endif
