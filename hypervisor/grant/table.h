/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grant tables, version 1. Theory in table.c. */
#ifndef HAVEN_GRANT_TABLE_H
#define HAVEN_GRANT_TABLE_H

#include "domain/vcpu.h"
#include <xen/grant_table.h>

int grant_domain_init(struct domain *d, unsigned int max_frames, unsigned int max_maptrack);
/* Drops all mappings that d holds; resumable: -ERESTART. */
int grant_domain_release_maps(struct domain *d);
void grant_domain_free(struct domain *d);

/* Frame 'index' of d's table for add_to_physmap, acquire_resource; grows the table up to it. -EINVAL beyond the limit. */
int grant_table_frame(struct domain *d, unsigned int index, mfn_t *mfn);

/* The operations on already copied-in structures; results go into .status (GNTST_*) as the ABI says. */
void grant_map(struct vcpu *v, struct gnttab_map_grant_ref *op);
void grant_unmap(struct vcpu *v, struct gnttab_unmap_grant_ref *op);
void grant_unmap_and_replace(struct vcpu *v, struct gnttab_unmap_and_replace *op);
void grant_copy(struct vcpu *v, struct gnttab_copy *op);
int grant_setup(struct domain *caller, struct gnttab_setup_table *op, uint64_t *frames, unsigned int room);
void grant_query_size(struct domain *caller, struct gnttab_query_size *op);

void grant_dump(struct domain *d);

#endif
