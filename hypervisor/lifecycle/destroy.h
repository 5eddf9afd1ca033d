/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a domain. */
#ifndef HAVEN_LIFECYCLE_DESTROY_H
#define HAVEN_LIFECYCLE_DESTROY_H

#include "domain/domain.h"

/* The last reference went: the rest is freed soon. Hook domain_freed. */
void domain_free(struct domain *d);

void destroy_softirq(void); /* SOFTIRQ_DOMAIN_END */

#endif
