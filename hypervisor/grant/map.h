/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mapping of other domains' grants, and copies through grants. Theory in map.c. */
#ifndef HAVEN_GRANT_MAP_H
#define HAVEN_GRANT_MAP_H

#include "domain/vcpu.h"
#include <xen/grant_table.h>

void grant_map(struct vcpu *v, struct gnttab_map_grant_ref *op);

struct grant_mapping {
    struct domain *granter; /* referenced while not free */
    uint64_t mfn;
    grant_ref_t ref; /* free: handle of the next free one */
    uint16_t flags;  /* GNTMAP_host_map, GNTMAP_device_map, GNTMAP_readonly: parts that still exist */
    bool live;       /* atomic */
};

/*
 * Unmapping in two steps: begin takes the mapping out of the page tables; finish, after the caller has flushed the TLBs
 * of the domain once for a whole batch, gives the frame back to its owner. *u is what begin has for finish (granter
 * NULL: nothing). Sets op->status. new_addr 0: the mapping just goes; else the PTE at that address takes its place.
 */
void grant_unmap_begin(struct vcpu *v, struct gnttab_unmap_grant_ref *op, uint64_t new_addr, struct grant_mapping *u);
void grant_unmap_finish(const struct grant_mapping *u);

/* One copy. last: whose grants the copy before used, for source and destination; referenced or NULL, before and after.
 */
void grant_copy(struct vcpu *v, struct gnttab_copy *op, struct domain *last[2]);

/* A dying domain's mappings (its page tables are gone already). Resumable: -ERESTART. */
int grant_domain_release_maps(struct domain *d);

#endif
