/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public description of a domain, for sysctl and domctl. */
#ifndef HAVEN_HYPERCALL_DOMAIN_INFO_H
#define HAVEN_HYPERCALL_DOMAIN_INFO_H

#include "domain/domain.h"
#include <xen/domctl.h>

void domain_info_fill(struct domain *d, struct xen_domctl_getdomaininfo *info);

#endif
