/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name for a guest that is about to be: nobody else can take it from here on. The claim is a note in the store that
 * tells also who is at work, so that others see whether the work was abandoned (store_layout.h, /haven/create).
 */
#ifndef HAVEN_GUEST_NAME_CLAIM_H
#define HAVEN_GUEST_NAME_CLAIM_H

#include "libhv/failure.h"
#include <stdbool.h>
#include <stdint.h>
#include <xenstore.h>

int name_claim(struct xs_handle *xs, const char *name, const char *uuid, struct failure *failure);
void name_claim_set_domain(struct xs_handle *xs, const char *uuid, unsigned domid);
void name_claim_drop(struct xs_handle *xs, const char *uuid);

/* Is there a claim whose process is gone? A process that comes to its end drops its claim before it exits, so a claim
 * that is still there after its process was missed has been left behind; one that cannot be read any more has not.
 * Nor does a process ask in the middle of its own work: a claim of the caller's own is from before, when the store went
 * away and so could not be told that the work was undone. */
bool name_claim_is_abandoned(struct xs_handle *xs, const char *uuid);

#endif
