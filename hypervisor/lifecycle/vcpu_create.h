/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's vCPUs, as one of its parts. */
#ifndef HAVEN_LIFECYCLE_VCPU_CREATE_H
#define HAVEN_LIFECYCLE_VCPU_CREATE_H

#include "domain/vcpu.h"

int vcpu_relinquish_all(struct domain *d); /* frames that they hold of the domain's */
void vcpu_free_all(struct domain *d);

#endif
