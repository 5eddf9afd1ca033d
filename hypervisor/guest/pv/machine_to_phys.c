/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/pv/machine_to_phys.h"
#include "lib/errno.h"
#include "mm/frame.h"
#include "mm/m2p.h"

int machine_to_phys_update(struct domain *d, mfn_t m, uint64_t pfn)
{
    if (!frame_exists(m) || !frame_get(frame_of(m), d->id))
        return -EINVAL;
    m2p_set(m, pfn);
    frame_put(frame_of(m));
    return 0;
}
