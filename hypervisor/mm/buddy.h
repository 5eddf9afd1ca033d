/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buddy allocator of machine frames. Blocks are 2^order frames, aligned to their size. Free blocks lie on lists by zone
 * and order; a zone is the number of address bits that the block needs, so that "below 2^bits" is a search of lists.
 *
 * A frame that a domain had may still be in TLBs and holds the domain's bytes. buddy_free(dirty) notes both; the
 * allocation flushes what is stale then, if no natural flush came in between, and clears what its caller asks for.
 */
#ifndef HAVEN_MM_BUDDY_H
#define HAVEN_MM_BUDDY_H

#include "lib/types.h"

#define BUDDY_MAX_ORDER 18 /* 1 GiB */

struct frame;

/* Adds RAM [start, end) to the allocator while booting. */
void buddy_add_range(mfn_t start, mfn_t end);

/* Frames of a block, in state hypervisor, owner DOMID_XEN, refs 0. addr_bits: 0 = anywhere, else end <= 2^addr_bits.
 * NULL if there is none. Contents undefined. */
struct frame *buddy_alloc(unsigned int order, unsigned int addr_bits);

/* The same with contents cleared: all of it, or only what domains wrote (the rest is as the firmware left it). */
enum buddy_clear { BUDDY_CLEAR_NONE, BUDDY_CLEAR_DIRTY, BUDDY_CLEAR_ALL };
struct frame *buddy_alloc_clear(unsigned int order, unsigned int addr_bits, enum buddy_clear clear);

/* Any part of an allocated block may be freed on its own. 'dirty': holds a domain's contents, scrub before reuse. */
void buddy_free(struct frame *f, unsigned int order, bool dirty);

uint64_t buddy_free_frames(void);

#endif
