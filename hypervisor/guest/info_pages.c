/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shared_info, and where each vCPU's vcpu_info lies: the first 32 vCPUs have one in shared_info until they register a
 * place of their own; later ones have none before that, and a dummy takes what would be written.
 *
 * A registered vcpu_info lies in a frame of the domain, on which we hold a writable reference, so that it cannot become
 * a page table under our writes. v->info changes once; a sender that still uses the old place has set its bit in
 * shared_info before, and after the move the guest looks at all bits (event_vcpu_info_moved).
 */
#include "guest/info_pages.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "mm/shared_frame.h"

_Static_assert(sizeof(struct vcpu_info) == 64, "public ABI: xen/xen.h");
_Static_assert(sizeof(struct shared_info) <= PAGE_SIZE, "shared_info is one page");

static struct vcpu_info dummy_info;

int info_pages_domain_init(struct domain *d)
{
    struct frame *f = shared_frame_alloc(d->id);

    if (!f)
        return -ENOMEM;
    d->shared_info_mfn = frame_mfn(f);
    d->shared_info = direct_map_mfn(d->shared_info_mfn);
    return 0;
}

void info_pages_domain_free(struct domain *d)
{
    if (d->shared_info)
        shared_frame_free(frame_of(d->shared_info_mfn));
    d->shared_info = NULL;
}

void info_pages_vcpu_init(struct vcpu *v)
{
    v->info_mfn = MFN_INVALID;
    v->info = v->id < XEN_LEGACY_MAX_VCPUS ? &v->domain->shared_info->vcpu_info[v->id] : &dummy_info;
    v->info->evtchn_upcall_mask = 1;
}

int info_pages_register_vcpu_info(struct vcpu *v, uint64_t gfn, uint32_t offset)
{
    struct domain *d = v->domain;
    struct vcpu_info *info;
    mfn_t mfn = MFN(gfn);

    if (offset > PAGE_SIZE - sizeof(*info) || offset % _Alignof(struct vcpu_info))
        return -EINVAL;
    if (v != current && !(READ_ONCE(v->pause_flags) & VCPU_DOWN))
        return -EINVAL;
    if (!mfn_eq(v->info_mfn, MFN_INVALID))
        return -EINVAL;
    if (!frame_is_ram(mfn) || !d->ops->frame_get_writable(frame_of(mfn), d->id))
        return -EINVAL;

    info = (struct vcpu_info *)((char *)direct_map_mfn(mfn) + offset);
    if (v->info == &dummy_info) {
        memset(info, 0, sizeof(*info));
        info->evtchn_upcall_mask = 1;
        v->time_version = 0;
    } else {
        memcpy(info, v->info, sizeof(*info));
    }
    v->info_mfn = mfn;
    __atomic_store_n(&v->info, info, __ATOMIC_SEQ_CST);
    return 0;
}

void info_pages_unregister(struct vcpu *v)
{
    mfn_t mfn = v->info_mfn;

    if (mfn_eq(mfn, MFN_INVALID))
        return;
    __atomic_store_n(&v->info, &dummy_info, __ATOMIC_SEQ_CST);
    v->info_mfn = MFN_INVALID;
    v->domain->ops->frame_put_writable(frame_of(mfn));
}
