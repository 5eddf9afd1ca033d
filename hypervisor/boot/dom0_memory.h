/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dom0's memory while it is being built: which machine frame is which of its page frames. Only while booting. */
#ifndef HAVEN_BOOT_DOM0_MEMORY_H
#define HAVEN_BOOT_DOM0_MEMORY_H

#include "boot/options.h"
#include "domain/domain.h"

#define DOM0_CHUNKS_MAX 2048

struct dom0_memory {
    struct domain *d;
    uint64_t pages; /* allocated so far: frame numbers 0..pages-1 */
    unsigned int chunk_count;
    struct {
        uint64_t pfn, mfn, count;
    } chunk[DOM0_CHUNKS_MAX];
};

/*
 * How many pages dom0 gets by the options, with 'free' pages there. *limit: the most it may ever have. NULL, or what is
 * wrong with the options.
 */
const char *dom0_memory_amount(const struct boot_options *o, uint64_t free, uint64_t *pages, uint64_t *limit);

/* Extends the memory to 'pages' in pieces as large as there are. False: there are not so many. */
bool dom0_memory_extend(struct dom0_memory *m, uint64_t pages);

mfn_t dom0_memory_frame(const struct dom0_memory *m, uint64_t pfn);
void *dom0_memory_page(const struct dom0_memory *m, uint64_t pfn);

/* Frames come with undefined contents: nobody but dom0 will ever see them. */
void dom0_memory_clear(const struct dom0_memory *m, uint64_t at, uint64_t size);

/* Copies to byte address 'at' of the pseudo-physical space. */
void dom0_memory_write(const struct dom0_memory *m, uint64_t at, const void *src, uint64_t size);

/* Writes the page map, which begins at frame map_pfn, for all that is allocated, and the machine-to-physical table. */
void dom0_memory_write_map(const struct dom0_memory *m, uint64_t map_pfn);

#endif
