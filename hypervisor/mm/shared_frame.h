/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypervisor memory that one domain may map: shared_info, grant table frames (state FRAME_SHARED of mm/frame.h). */
#ifndef HAVEN_MM_SHARED_FRAME_H
#define HAVEN_MM_SHARED_FRAME_H

#include "mm/frame.h"

/* Zeroed, one reference (the hypervisor's). NULL: out of memory. */
struct frame *shared_frame_alloc(domid_t owner);

/* Drops the hypervisor's reference: the frame goes when the domain's mappings are gone too. */
void shared_frame_free(struct frame *f);

#endif
