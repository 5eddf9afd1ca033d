/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the guest kernel wants to be entered: trap table, callbacks, NMI handler. Addresses must be canonical; code
 * selectors get RPL 3 (the kernel is entered with the flat one in any case).
 */
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "hypercall/continuation.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/guest_copy.h"
#include <xen/callback.h>
#include <xen/nmi.h>

#define TRAP_MASKS 4

_Static_assert(sizeof(struct trap_info) == 16, "arch-x86/xen.h");
_Static_assert(sizeof(struct callback_register) == 16, "callback.h");

/* The table ends with address 0; each entry is taken when it has been checked, as Xen does. NULL clears all. */
int64_t hypercall_set_trap_table(uint64_t table, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct vcpu *v = current;
    struct trap_info entry;

    (void)a2, (void)a3, (void)a4, (void)a5;
    if (table == 0) {
        memset(v->pv.trap, 0, sizeof(v->pv.trap));
        return 0;
    }
    for (;;) {
        if (guest_copy_in(&entry, table, sizeof(entry)))
            return -EFAULT;
        if (entry.address == 0)
            return 0;
        if (!address_is_canonical(entry.address))
            return -EINVAL;
        v->pv.trap[entry.vector] =
            (struct pv_trap){.address = entry.address, .cs = entry.cs | RPL_USER, .flags = entry.flags & 7};
        table += sizeof(entry);
        if (continuation_wanted())
            return continuation_make(__HYPERVISOR_set_trap_table, 1, table);
    }
}

static void register_nmi(struct vcpu *v, uint64_t address)
{
    v->pv.trap[VECTOR_NMI] = (struct pv_trap){.address = address, .cs = SEL_GUEST_CS64, .flags = TRAP_MASKS};
}

static int register_callback(struct vcpu *v, unsigned int type, bool masks, uint64_t address)
{
    struct pv_vcpu *pv = &v->pv;

    if (!address_is_canonical(address))
        return -EINVAL;
    switch (type) {
    case CALLBACKTYPE_event: /* always masks */
        pv->event_callback = address;
        return 0;
    case CALLBACKTYPE_failsafe:
        pv->failsafe_callback = address;
        pv->failsafe_masks = masks;
        return 0;
    case CALLBACKTYPE_syscall:
        pv->syscall_callback = address;
        pv->syscall64_masks = masks;
        return 0;
    case CALLBACKTYPE_syscall32:
        pv->syscall32_callback = address;
        pv->syscall32_masks = masks;
        return 0;
    case CALLBACKTYPE_sysenter:
        pv->sysenter_callback = address;
        pv->sysenter_masks = masks;
        return 0;
    case CALLBACKTYPE_nmi:
        register_nmi(v, address);
        return 0;
    default:
        return -ENOSYS;
    }
}

/* Only the NMI callback can be taken back. */
static int unregister_callback(struct vcpu *v, unsigned int type)
{
    switch (type) {
    case CALLBACKTYPE_event:
    case CALLBACKTYPE_failsafe:
    case CALLBACKTYPE_syscall:
    case CALLBACKTYPE_syscall32:
    case CALLBACKTYPE_sysenter:
        return -EINVAL;
    case CALLBACKTYPE_nmi:
        v->pv.trap[VECTOR_NMI] = (struct pv_trap){0};
        return 0;
    default:
        return -ENOSYS;
    }
}

int64_t hypercall_callback_op(uint64_t command, uint64_t arg, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct callback_register add;
    struct callback_unregister remove;

    (void)a3, (void)a4, (void)a5;
    switch ((int)command) {
    case CALLBACKOP_register:
        if (guest_copy_in(&add, arg, sizeof(add)))
            return -EFAULT;
        return register_callback(current, add.type, add.flags & CALLBACKF_mask_events, add.address);
    case CALLBACKOP_unregister:
        if (guest_copy_in(&remove, arg, sizeof(remove)))
            return -EFAULT;
        return unregister_callback(current, remove.type);
    default:
        return -ENOSYS;
    }
}

/* The old form: bad addresses are left out without an error. */
int64_t hypercall_set_callbacks(uint64_t event, uint64_t failsafe, uint64_t syscall, uint64_t a4, uint64_t a5)
{
    struct vcpu *v = current;

    (void)a4, (void)a5;
    (void)register_callback(v, CALLBACKTYPE_event, false, event);
    (void)register_callback(v, CALLBACKTYPE_failsafe, false, failsafe);
    (void)register_callback(v, CALLBACKTYPE_syscall, false, syscall);
    return 0;
}

int64_t hypercall_nmi_op(uint64_t command, uint64_t arg, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct xennmi_callback callback;

    (void)a3, (void)a4, (void)a5;
    switch ((unsigned int)command) {
    case XENNMI_register_callback:
        if (guest_copy_in(&callback, arg, sizeof(callback)))
            return -EFAULT;
        return register_callback(current, CALLBACKTYPE_nmi, true, callback.handler_address);
    case XENNMI_unregister_callback:
        return unregister_callback(current, CALLBACKTYPE_nmi);
    default:
        return -ENOSYS;
    }
}
