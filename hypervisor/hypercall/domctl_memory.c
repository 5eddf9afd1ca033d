/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domctl: a domain's memory and what it is used for. */
#include "domain/guest_ops.h"
#include "hypercall/domctl.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lifecycle/reservation.h"
#include "mm/guest_copy.h"

#define FRAME_INFO_MAX 1024

int64_t domctl_max_mem(struct domain *d, struct xen_domctl *c)
{
    return reservation_set_max(d, c->u.max_mem.max_memkb >> (PAGE_SHIFT - 10));
}

/* What a frame of d is: a table of which level, pinned or not, or plain memory. */
static uint64_t frame_kind(const struct domain *d, mfn_t mfn)
{
    uint64_t kind = XEN_DOMCTL_PFINFO_NOTAB;

    if (!frame_is_ram(mfn) || !frame_get(frame_of(mfn), d->id))
        return XEN_DOMCTL_PFINFO_XTAB;
    const struct frame *f = frame_of(mfn);
    uint64_t type = __atomic_load_n(&f->type, __ATOMIC_ACQUIRE), level = type >> 60;
    if (f->state != FRAME_DOMAIN)
        kind = XEN_DOMCTL_PFINFO_XTAB;
    else if (level >= 1 && level <= 4 && (type & (TYPE_VALIDATED | TYPE_PINNED)))
        kind = level << XEN_DOMCTL_PFINFO_LTAB_SHIFT | (type & TYPE_PINNED ? XEN_DOMCTL_PFINFO_LPINTAB : 0);
    frame_put(frame_of(mfn));
    return kind;
}

int64_t domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *c)
{
    const struct xen_domctl_getpageframeinfo3 *op = &c->u.getpageframeinfo3;
    uint64_t list = guest_handle_va(op->array);

    if (op->num > FRAME_INFO_MAX)
        return -E2BIG;
    for (uint64_t i = 0; i < op->num; i++) {
        uint64_t word;

        if (guest_copy_in_item(&word, list, i))
            return -EFAULT;
        word = frame_kind(d, MFN(word));
        if (guest_copy_out_item(list, i, &word))
            return -EFAULT;
    }
    return 0;
}

/*
 * A page of entries of 32 bytes, one for each hypercall: rcx and r11, which SYSCALL overwrites, are kept. iret does not
 * come back: it leaves them, and rax, on the stack, where the hypervisor takes them from (struct iret_context).
 */
static void fill_hypercall_page(uint8_t *page)
{
    static const uint8_t call[] = {0x51, 0x41, 0x53, 0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
    static const uint8_t iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, __HYPERVISOR_iret, 0, 0, 0, 0x0f, 0x05};

    memset(page, 0xcc, PAGE_SIZE); /* int3 */
    for (unsigned int nr = 0; nr < PAGE_SIZE / 32; nr++) {
        memcpy(page + nr * 32, call, sizeof(call));
        page[nr * 32 + 4] = (uint8_t)nr;
    }
    memcpy(page + __HYPERVISOR_iret * 32, iret, sizeof(iret));
}

int64_t domctl_hypercall_init(struct domain *d, struct xen_domctl *c)
{
    mfn_t mfn = MFN(c->u.hypercall_init.gmfn);

    if (!frame_is_ram(mfn) || !frame_get(frame_of(mfn), d->id))
        return -EINVAL;
    bool writable = d->ops->frame_get_writable(frame_of(mfn), d->id);
    if (writable) {
        fill_hypercall_page(direct_map_mfn(mfn));
        d->ops->frame_put_writable(frame_of(mfn));
    }
    frame_put(frame_of(mfn));
    return writable ? 0 : -EPERM;
}

/* There is no log of dirty frames: it is never on, so switching it off is an error, as in Xen without shadow paging. */
int64_t domctl_shadow_op(struct domain *d, struct xen_domctl *c)
{
    (void)d;
    return c->u.shadow_op.op == XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY ? -EOPNOTSUPP : -EINVAL;
}

int64_t domctl_set_address_size(struct domain *d, struct xen_domctl *c)
{
    (void)d;
    if (c->u.address_size.size == 64)
        return 0;
    return c->u.address_size.size == 32 ? -EOPNOTSUPP : -EINVAL; /* no 32-bit PV */
}

int64_t domctl_get_address_size(struct domain *d, struct xen_domctl *c)
{
    (void)d;
    c->u.address_size.size = 64;
    return 0;
}
