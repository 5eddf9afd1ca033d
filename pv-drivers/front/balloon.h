/* SPDX-License-Identifier: MIT
 *
 * The balloon: the guest gives memory back and gets it again.
 *
 * The tools write into the store how much the guest shall have (memory/target, in KiB). To have less, the guest takes
 * free pages for itself ("inflates"), unmaps them, and gives their frames to the hypervisor; its own numbering (pfn)
 * then has holes. To have more, it asks for frames and puts them into holes, with their old addresses. Nobody can be
 * forced: the hypervisor only refuses to give more than the tools allow.
 */
#ifndef FRONT_BALLOON_H
#define FRONT_BALLOON_H

#include <stdbool.h>
#include <stdint.h>

void balloon_open(void);      /* watches memory/target */
uint64_t balloon_pages(void); /* that the guest has now */
/* What memory/target says, in pages; 0 if it says nothing. */
uint64_t balloon_target(void);
/* One step towards so many pages, as far as free pages or the hypervisor allow; how many pages it has then. */
uint64_t balloon_go_to(uint64_t pages);

#endif
