/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grant tables, version 1. Theory in table.c (what a domain grants) and map.c (what it has mapped). */
#ifndef HAVEN_GRANT_TABLE_H
#define HAVEN_GRANT_TABLE_H

#include "domain/vcpu.h"
#include "grant/entry.h"
#include "haven/grant_users.h"
#include <xen/grant_table.h>

#define GRANT_ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(grant_entry_v1_t))

struct grant_mapping;

struct grant_table {
    struct spinlock lock; /* LOCK_LEVEL_GRANT: everything below */
    unsigned int frames, max_frames;
    grant_entry_v1_t **shared;    /* max_frames pointers, 'frames' of them to pages that the domain can map */
    struct grant_active **active; /* likewise, two pages each */

    /* what this domain has mapped of others: map.c */
    struct grant_mapping **mapping_page;
    unsigned int mapping_pages, max_mapping_pages;
    uint32_t free_mapping; /* handle of the first free one, or GRANT_HANDLE_NONE */
    uint64_t mapped;       /* mappings in use */
};

#define GRANT_HANDLE_NONE (~0u)

int grant_domain_init(struct domain *d, unsigned int max_frames, unsigned int max_maptrack);
void grant_domain_free(struct domain *d);

/* Frame 'index' of d's table for add_to_physmap, acquire_resource; grows the table up to it. -EINVAL beyond the limit.
 */
int grant_table_frame(struct domain *d, unsigned int index, mfn_t *mfn);

/*
 * A use of granter's grant 'ref' by 'user': the entry is marked, and a reference to the frame taken (for writing unless
 * readonly). GNTST_*. grant_use_end gives both back; the frame is the one that begin told.
 */
int grant_use_begin(struct domain *granter, grant_ref_t ref, domid_t user, bool readonly, mfn_t *mfn);
void grant_use_end(struct domain *granter, grant_ref_t ref, bool readonly, mfn_t mfn);

/* The frame that d granted to itself, with a reference for reading or writing that grant_frame_put gives back. Nothing
 * is marked: nobody but d could be deceived about its use. GNTST_*. */
int grant_own_frame(struct domain *d, grant_ref_t ref, bool readonly, mfn_t *mfn);

/* A reference to a frame of d for reading or writing; false if d does not own it or may not write it. */
bool grant_frame_get(struct domain *d, mfn_t mfn, bool readonly);
void grant_frame_put(struct domain *d, mfn_t mfn, bool readonly);

/* Operations on copied-in structures; results go into .status (GNTST_*). frames: room for max_frames numbers. */
void grant_setup(struct domain *caller, struct gnttab_setup_table *op, uint64_t *frames);
void grant_query_size(struct domain *caller, struct gnttab_query_size *op);
void grant_swap(struct domain *caller, struct gnttab_swap_grant_ref *op);

/* Who uses grants of d. */
void grant_count_users(struct domain *d, struct haven_grant_users *users);
void grant_dump(struct domain *d);

#endif
