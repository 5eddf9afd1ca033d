/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the machine a domain may touch. */
#ifndef HAVEN_LIFECYCLE_RIGHTS_H
#define HAVEN_LIFECYCLE_RIGHTS_H

#include "domain/domain.h"

/* A domain that owns the devices: everything but what the hypervisor keeps for itself. */
int rights_grant_machine(struct domain *d);

#endif
