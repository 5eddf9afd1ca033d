/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mapping of other domains' grants, and copies through grants. Theory in map.c. */
#ifndef HAVEN_GRANT_MAP_H
#define HAVEN_GRANT_MAP_H

#include "domain/vcpu.h"
#include <xen/grant_table.h>

void grant_map(struct vcpu *v, struct gnttab_map_grant_ref *op);

/*
 * Unmapping in two steps: begin takes the mapping out of the page tables; finish, after the caller has flushed the TLBs
 * of the domain once for a whole batch, gives the frame back to its owner.
 */
struct grant_unmapped {
    struct domain *granter; /* NULL: nothing to finish */
    grant_ref_t ref;
    mfn_t mfn;
    bool readonly;
};

/* Sets op->status. new_addr 0: the mapping just goes; else the PTE at that address takes its place. */
void grant_unmap_begin(struct vcpu *v, struct gnttab_unmap_grant_ref *op, uint64_t new_addr, struct grant_unmapped *u);
void grant_unmap_finish(struct grant_unmapped *u);

void grant_copy(struct vcpu *v, struct gnttab_copy *op);

/* A dying domain's mappings (its page tables are gone already). Resumable: -ERESTART. */
int grant_domain_release_maps(struct domain *d);

#endif
