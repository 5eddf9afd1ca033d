/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for a new guest: a claim on free memory, which the hypervisor grants whole or not at all, so that of two
 * creates one gets it and the other waits for more. Where free memory does not suffice, dom0's and other guests'
 * targets are lowered (memory_plan.h) and the claim is tried again whenever somebody's balloon moved.
 *
 * What was asked of whom is noted in the store in the same transaction as the target (store_layout.h,
 * /haven/create/UUID/taken): if the create fails, or is killed, everybody gets it back. A domain that does not deflate
 * gets its target back at once, is named in the reason, and the others give in its place.
 */
#ifndef HAVEN_GUEST_ROOM_H
#define HAVEN_GUEST_ROOM_H

#include "guest/memory_plan.h"
#include "libhv/failure.h"
#include "libhv/hypervisor.h"

#include <signal.h>
#include <xenstore.h>

struct room {
    struct hypervisor *hv;
    struct xs_handle *xs;
    const char *uuid; /* of the create, whose note is in the store */
    unsigned domid;   /* who gets the claim */
    uint64_t pages;
    enum memory_from from;
    const volatile sig_atomic_t *cancelled; /* may be NULL */
    void (*warn)(const char *text);         /* of domains that did not give what they should; may be NULL */
};

int room_claim(const struct room *room, struct failure *failure);

/* Everybody's target is raised by what is noted, and the notes are removed. */
void room_give_back(struct hypervisor *hv, struct xs_handle *xs, const char *uuid);

#endif
