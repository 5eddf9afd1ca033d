/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a guest from its configuration: all of it, or nothing. Killed half-way (kill -9), it leaves a note in the store
 * by which guest_sweep takes the rest back (store_layout.h).
 */
#ifndef HAVEN_GUEST_CREATE_H
#define HAVEN_GUEST_CREATE_H

#include "config/guest_config.h"
#include "guest/steps.h"
#include "libhv/failure.h"
#include "libhv/hypervisor.h"

#include <xenstore.h>

#define GUEST_CREATE_STEPS 16 /* at most: for spans */

struct guest_create_options {
    bool paused;                    /* do not let it run */
    void (*warn)(const char *text); /* of what went not as it should, but not wrong; may be NULL */
    struct steps_options steps;
};

/* 0 and the domain's id, or -1 with the reason. */
int guest_create(struct hypervisor *hv, struct xs_handle *xs, const struct guest_config *config,
                 const struct guest_create_options *options, unsigned *domid, struct failure *failure);

/* The names of the steps, in their order; NULL past the last. */
const char *guest_create_step_name(unsigned i);

#endif
