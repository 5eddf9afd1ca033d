/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical interrupts as a domain sees them: pirq numbers, their mapping to irqs (GSI or MSI), the port that each is
 * bound to, and the end-of-interrupt protocol (shared bitmap of pirq_eoi_gmfn_v2, PHYSDEVOP_eoi).
 */
#ifndef HAVEN_EVENT_PIRQ_H
#define HAVEN_EVENT_PIRQ_H

#include "domain/domain.h"

int pirq_domain_init(struct domain *d, unsigned int count);
int pirq_domain_relinquish(struct domain *d); /* unmaps all, and lets go of the guest's page */
void pirq_domain_free(struct domain *d);

/* Maps irq as pirq (-1: any free, from the top down). Returns the pirq or -Exxx. */
int pirq_map(struct domain *d, int pirq, unsigned int irq);
int pirq_reserve(struct domain *d); /* a free pirq that only an explicit pirq_map takes, or -ENOSPC */
int pirq_unmap(struct domain *d, unsigned int pirq);

/* By event/channel.c for pirqs that exist, with its lock held: the port becomes pending when it fires. Never shared
 * with another; delivered to vCPU 0 first. */
int pirq_bind_port(struct domain *d, unsigned int pirq, unsigned int port);
void pirq_unbind_port(struct domain *d, unsigned int pirq, unsigned int port); /* if it is bound to that one */
void pirq_set_vcpu(struct domain *d, unsigned int pirq, unsigned int vcpu);    /* the port moved to another vCPU */

int pirq_eoi(struct domain *d, unsigned int pirq);
int pirq_status(struct domain *d, unsigned int pirq, uint32_t *flags); /* XENIRQSTAT_* */
int pirq_set_eoi_frame(struct domain *d, uint64_t gfn, bool auto_mask_only_v1);
unsigned int pirq_count(const struct domain *d);

#endif
