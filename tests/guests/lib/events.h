/* SPDX-License-Identifier: MIT
 *
 * Event channels, 2-level ABI.  The upcall handler only counts: tests look at event_count[port], or set a handler.
 * vCPU n uses vcpu_info[n] of the shared page.
 */
#ifndef GUEST_EVENTS_H
#define GUEST_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/event_channel.h>

#define EVENT_PORTS 4096

extern volatile unsigned event_count[EVENT_PORTS];
extern volatile unsigned upcalls; /* times that the hypervisor entered the event callback, all vCPUs */
typedef void (*event_handler)(unsigned port);
void event_set_handler(unsigned port, event_handler handler);

void events_init(void); /* all ports masked, delivery off */
void events_upcall(void);

struct vcpu_info *vcpu_info_of(unsigned vcpu);
void events_on(void); /* deliver to this vCPU, at once what is pending */
void events_off(void);
void event_mask(unsigned port);
void event_unmask(unsigned port); /* and have raised what is pending */
bool event_masked(unsigned port);
bool event_pending(unsigned port);
void event_clear(unsigned port);

/* Hypercalls: port or negative error. */
long event_alloc_unbound(unsigned dom, unsigned remote);
long event_bind_interdomain(unsigned dom, unsigned port);
long event_bind_virq(unsigned virq, unsigned vcpu);
long event_bind_ipi(unsigned vcpu);
long event_send(unsigned port);
long event_close(unsigned port);
long event_unmask_call(unsigned port);
long event_bind_vcpu(unsigned port, unsigned vcpu);
long event_status(unsigned port, struct evtchn_status *status);

/* Spin, with events on, until *counter reaches the value; false after about the given milliseconds. */
bool wait_for(const volatile unsigned *counter, unsigned value, unsigned milliseconds);

#endif
