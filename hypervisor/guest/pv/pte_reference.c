/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/pv/pte_reference.h"
#include "cpu/features.h"
#include "domain/vcpu.h"
#include "guest/pv/pte_check.h"
#include "lib/errno.h"
#include "lib/log.h"
#include "platform/io_memory.h"

static int io_get(struct domain *pt_owner, struct domain *page_owner, pte_t *e)
{
    uint64_t n = pte_mfn(*e).n;

    /* All ones is how guests write "no frame"; not worth a complaint. */
    if (n == PTE_FRAME_MASK >> PAGE_SHIFT)
        return -EINVAL;
    /* DOMID_IO: "I/O memory only, with the rights of the caller". */
    if (page_owner->id == DOMID_IO)
        page_owner = pt_owner;
    if (n >> (cpu_features.physical_bits - PAGE_SHIFT) || !rangeset_contains(&pt_owner->iomem_allowed, n, n) ||
        !rangeset_contains(&page_owner->iomem_allowed, n, n)) {
        log_guest("may not map I/O memory frame %lx\n", (unsigned long)n);
        return -EPERM;
    }
    *e = pte_check_io(*e, io_frame_read_only(n));
    return 0;
}

static int ram_get(struct domain *page_owner, pte_t e)
{
    struct frame *f = frame_of(pte_mfn(e));
    bool ok;

    /* Frames that belong to the hypervisor and are shown to control domains can only be read. */
    if (e & PTE_WRITE)
        ok = page_owner->id != DOMID_XEN && page_type_get_writable(f, page_owner->id);
    else
        ok = frame_get(f, page_owner->id);
    if (likely(ok))
        return 0;
    log_guest("cannot map frame %lx (owner %u, type %lx) of domain %u%s\n", (unsigned long)frame_mfn(f).n, f->owner,
              (unsigned long)f->type, page_owner->id, e & PTE_WRITE ? " writable" : "");
    return -EBUSY;
}

int pte_reference_get(struct domain *pt_owner, struct domain *page_owner, pte_t *e)
{
    int rc;

    if (unlikely(!frame_is_ram(pte_mfn(*e))))
        return io_get(pt_owner, page_owner, e);
    rc = ram_get(page_owner, *e);
    if (unlikely(*e & PTE_CACHE_BITS) && !rc && frame_of(pte_mfn(*e))->state == FRAME_SHARED) {
        pte_reference_put(*e);
        rc = -EACCES;
    }
    return rc;
}
