/* SPDX-License-Identifier: MIT
 *
 * Grants: how this guest lends pages to the domain that holds its back ends.
 *
 * A grant is an entry of a table that guest and hypervisor share; its index, the reference, is what a ring carries. The
 * entry says who may map or copy the page, and whether to write it. While a back end has the page mapped the hypervisor
 * keeps GTF_reading (GTF_writing) set in the entry, and the entry must stay: so ending a grant can fail, and the page
 * then is not ours alone yet.
 */
#ifndef FRONT_GRANTS_H
#define FRONT_GRANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "hypercall.h"

#define GRANT_NONE 0u /* no valid reference: the first ones are reserved */

void grants_init(void); /* once, before all else here; ends the guest if the hypervisor refuses */

/* Lends the page (a home address, see memory.h) to a domain. GRANT_NONE: all references are in use. */
uint32_t grant_give(domid_t to, const void *page, bool read_only);
/* Takes it back. false: the other side has it mapped, nothing changed. */
bool grant_take_back(uint32_t ref);
bool grant_mapped(uint32_t ref); /* by the other side, at this moment */

unsigned grants_in_use(void);

/* The entry itself, for guests that lie. */
grant_entry_v1_t *grant_entry(uint32_t ref);

#endif
