/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making and unmaking domains. Parts (lifecycle/parts.c) are a table of {name, init, teardown}: create walks it
 * forwards, a failure and destroy walk it back.
 */
#ifndef HAVEN_LIFECYCLE_CREATE_H
#define HAVEN_LIFECYCLE_CREATE_H

#include "domain/vcpu.h"

struct domain_config {
    domid_t id;
    bool privileged;
    unsigned int max_vcpus;
    unsigned int max_event_port, max_grant_frames, max_maptrack_frames, pirqs;
    uint64_t max_pages;
    xen_domain_handle_t handle;
};

/* NULL and *error on failure; then nothing is left behind. The domain is paused (pause_count 1). */
struct domain *domain_create(const struct domain_config *c, int *error);

/* Creates vCPU id on CPU cpu; down, without context. */
struct vcpu *vcpu_create(struct domain *d, unsigned int id, unsigned int cpu);

/* Takes the domain apart; resumable: -ERESTART. 0: its memory is given back (what others still map follows when they
 * let go). */
int domain_destroy(struct domain *d);

/* vCPU context, up, down (vcpu_state.c): VCPUOP_initialise, up, down and domctl. */
int vcpu_state_set_context(struct vcpu *v, const struct vcpu_guest_context *c);
int vcpu_state_up(struct vcpu *v);
int vcpu_state_down(struct vcpu *v);

#endif
