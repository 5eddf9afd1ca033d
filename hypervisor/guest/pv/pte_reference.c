/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/pv/pte_reference.h"
#include "cpu/features.h"
#include "domain/vcpu.h"
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

static int refused(const struct domain *page_owner, pte_t e)
{
    const struct frame *f = frame_of(pte_mfn(e));

    log_guest("cannot map frame %lx (owner %u, type %lx) of domain %u%s\n", (unsigned long)frame_mfn(f).n, f->owner,
              (unsigned long)f->type, page_owner->id, e & PTE_WRITE ? " writable" : "");
    return -EBUSY;
}

/* RAM with a memory type of the guest's choice: all but the hypervisor's own pages. */
static int typed_ram_get(struct domain *pt_owner, struct domain *page_owner, pte_t e)
{
    pte_t plain = e & ~PTE_CACHE_BITS;
    int rc = pte_reference_get(pt_owner, page_owner, &plain);

    if (rc || frame_of(pte_mfn(e))->state != FRAME_SHARED)
        return rc;
    pte_reference_put(e);
    return -EACCES;
}

int pte_reference_get_other(struct domain *pt_owner, struct domain *page_owner, pte_t *e)
{
    if (!frame_is_ram(pte_mfn(*e)))
        return io_get(pt_owner, page_owner, e);
    if (*e & PTE_CACHE_BITS)
        return typed_ram_get(pt_owner, page_owner, *e);
    return refused(page_owner, *e);
}
