/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the guest kernel wants to be entered: trap table, callbacks, NMI handler. Addresses must be canonical; code
 * selectors get RPL 3 (the kernel is entered with the flat one in any case).
 */
#include "cpu/x86.h"
#include "domain/vcpu.h"
#include "hypercall/continuation.h"
#include "hypercall/operation.h"
#include "hypercall/table.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/guest_copy.h"
#include <xen/nmi.h>

#define TRAP_MASKS 4

_Static_assert(sizeof(struct trap_info) == 16, "arch-x86/xen.h");
_Static_assert(sizeof(struct callback_register) == 16, "callback.h");

/* The table ends with address 0; each entry is taken when it has been checked, as Xen does. NULL clears all. */
int64_t hypercall_set_trap_table(uint64_t table, uint64_t, uint64_t, uint64_t, uint64_t)
{
    struct vcpu *v = current;
    struct trap_info entry;

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

static bool callback_known(unsigned int type)
{
    return type < ARRAY_SIZE(current->pv.callback) &&
           ((1u << CALLBACKTYPE_event | 1u << CALLBACKTYPE_failsafe | 1u << CALLBACKTYPE_syscall |
             1u << CALLBACKTYPE_syscall32 | 1u << CALLBACKTYPE_sysenter | 1u << CALLBACKTYPE_nmi) >>
                type &
            1);
}

static int64_t register_callback(struct vcpu *v, unsigned int type, bool masks, uint64_t address)
{
    if (!address_is_canonical(address))
        return -EINVAL;
    if (!callback_known(type))
        return -ENOSYS;
    if (type == CALLBACKTYPE_nmi)
        v->pv.trap[VECTOR_NMI] = (struct pv_trap){.address = address, .cs = SEL_GUEST_CS64, .flags = TRAP_MASKS};
    else
        v->pv.callback[type] = (struct pv_callback){.address = address, .masks = masks};
    return 0;
}

/* Only the NMI callback can be taken back. */
static int64_t unregister_callback(struct vcpu *v, unsigned int type)
{
    if (!callback_known(type))
        return -ENOSYS;
    if (type != CALLBACKTYPE_nmi)
        return -EINVAL;
    v->pv.trap[VECTOR_NMI] = (struct pv_trap){0};
    return 0;
}

static int64_t op_register(struct vcpu *v, void *copy, uint64_t)
{
    struct callback_register *op = copy;
    return register_callback(v, op->type, op->flags & CALLBACKF_mask_events, op->address);
}

static int64_t op_unregister(struct vcpu *v, void *copy, uint64_t)
{
    struct callback_unregister *op = copy;
    return unregister_callback(v, op->type);
}

int64_t hypercall_callback_op(uint64_t command, uint64_t arg, uint64_t, uint64_t, uint64_t)
{
    static const struct operation operations[] = {
        [CALLBACKOP_register] = {op_register, sizeof(struct callback_register), 0},
        [CALLBACKOP_unregister] = {op_unregister, sizeof(struct callback_unregister), 0},
    };
    return operation_do(operations, ARRAY_SIZE(operations), (uint32_t)command, current, arg);
}

/* The old form: bad addresses are left out without an error. */
int64_t hypercall_set_callbacks(uint64_t event, uint64_t failsafe, uint64_t syscall, uint64_t, uint64_t)
{
    struct vcpu *v = current;

    (void)register_callback(v, CALLBACKTYPE_event, false, event);
    (void)register_callback(v, CALLBACKTYPE_failsafe, false, failsafe);
    (void)register_callback(v, CALLBACKTYPE_syscall, false, syscall);
    return 0;
}

int64_t hypercall_nmi_op(uint64_t command, uint64_t arg, uint64_t, uint64_t, uint64_t)
{
    struct xennmi_callback callback;

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
