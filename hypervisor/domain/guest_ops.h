/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between kinds of guests (PV now; PVH later), as one table per kind. Layers below and beside guest/ call
 * through domain->ops.
 */
#ifndef HAVEN_DOMAIN_GUEST_OPS_H
#define HAVEN_DOMAIN_GUEST_OPS_H

#include "cpu/regs.h"
#include "lib/types.h"
#include "mm/frame.h"

struct domain;
struct vcpu;
struct vcpu_guest_context;

struct guest_ops {
    int (*vcpu_init)(struct vcpu *v);
    void (*vcpu_free)(struct vcpu *v);

    /* All of the vCPU's registers from the public structure; checked completely before anything changes. The vCPU does
     * not run. */
    int (*set_context)(struct vcpu *v, const struct vcpu_guest_context *c);
    void (*get_context)(struct vcpu *v, struct vcpu_guest_context *c);

    /* This CPU leaves / enters a vCPU: segments, bases, debug registers, FPU, tables. The guest frame is copied by the
     * caller. */
    void (*switch_from)(struct vcpu *v);
    void (*switch_to)(struct vcpu *v);

    /* Current vCPU, on the way out: an event is pending and not masked: enter the guest's upcall. */
    void (*deliver_event)(struct vcpu *v);

    /* Drops what the domain's tables hold, resumable: -ERESTART. Part of destroy. */
    int (*relinquish)(struct domain *d);

    /* A reference to a frame that this kind of domain owns, for writing through it (the hypervisor copies into it, or
     * another domain maps it): false where that may not be, as for a page table. Any context. */
    bool (*frame_get_writable)(struct frame *f, domid_t owner);
    void (*frame_put_writable)(struct frame *f);

    /* Grant mapping: see grant/map.c and guest/pv/grant_pte.c. */
    int (*grant_map_page)(struct vcpu *v, uint64_t host_addr, mfn_t frame, unsigned int flags, unsigned int cache_attr);
    int (*grant_unmap_page)(struct vcpu *v, uint64_t host_addr, uint64_t new_addr, mfn_t frame, unsigned int flags);
};

#endif
