/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shared_info and vcpu_info: where the guest and the hypervisor meet. */
#ifndef HAVEN_GUEST_INFO_PAGES_H
#define HAVEN_GUEST_INFO_PAGES_H

#include "domain/vcpu.h"

int info_pages_domain_init(struct domain *d); /* allocates shared_info */
void info_pages_domain_free(struct domain *d);
void info_pages_vcpu_init(struct vcpu *v); /* info points into shared_info (or at a dummy for vCPUs >= 32) */

/* VCPUOP_register_vcpu_info: moves it into a frame of the domain. -EINVAL if done before, or crosses a page. */
int info_pages_register_vcpu_info(struct vcpu *v, uint64_t gfn, uint32_t offset);
void info_pages_unregister(struct vcpu *v);

#endif
