/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels, 2-level ABI: one table of ports per domain. Theory in channel.c. All functions take the domain's
 * event lock themselves.
 */
#ifndef HAVEN_EVENT_CHANNEL_H
#define HAVEN_EVENT_CHANNEL_H

#include "domain/vcpu.h"
#include <xen/event_channel.h>

typedef uint32_t event_port_t;

int event_domain_init(struct domain *d, unsigned int max_port); /* ports 1..max_port may be used */
void event_domain_close_all(struct domain *d);
void event_domain_free(struct domain *d);

/* Operations of EVTCHNOP_*: return 0 or -Exxx; out fields are written into the public structures. */
int event_alloc_unbound(struct domain *caller, struct evtchn_alloc_unbound *op);
int event_bind_interdomain(struct domain *caller, struct evtchn_bind_interdomain *op);
int event_bind_virq(struct vcpu *caller, struct evtchn_bind_virq *op);
int event_bind_ipi(struct vcpu *caller, struct evtchn_bind_ipi *op);
int event_bind_pirq(struct domain *caller, struct evtchn_bind_pirq *op);
int event_bind_vcpu(struct domain *d, event_port_t port, unsigned int vcpu);
int event_close(struct domain *d, event_port_t port);
int event_send(struct domain *d, event_port_t port);
int event_unmask(struct domain *d, event_port_t port);
int event_status(struct domain *caller, struct evtchn_status *op);
int event_reset(struct domain *caller, const struct evtchn_reset *op);

/* The table's lock, interrupts off. */
uint64_t event_lock(struct domain *d);
void event_unlock(struct domain *d, uint64_t flags);

/* From the hypervisor. Any context. */
void event_send_virq(struct vcpu *v, uint32_t virq);
void event_send_global_virq(uint32_t virq);
void event_send_memory(void); /* VIRQ_MEMORY, to all of its ports */
/* For SCHEDOP_poll, which takes closed ports, too. */
bool event_port_exists(const struct domain *d, event_port_t port);
bool event_port_pending(struct domain *d, event_port_t port); /* one that exists */

/* A pirq fired, which is bound to the port, or was until just now. */
void event_send_pirq(struct domain *d, unsigned int pirq, event_port_t port);

/* A vCPU's vcpu_info moved: pending bits go along, the upcall is raised once to be safe. */
void event_vcpu_info_moved(struct vcpu *v);

/* vCPU has an event to deliver now? Used on the way out and by sched_block. */
static inline bool event_deliverable(const struct vcpu *v)
{
    return v->info->evtchn_upcall_pending && !v->info->evtchn_upcall_mask;
}

void event_dump(struct domain *d);

#endif
