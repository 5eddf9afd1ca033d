/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domctl: the state of vCPUs. A vCPU is looked at or changed while it is paused and off its CPU; so none that runs this
 * very hypercall.
 */
#include "cpu/features.h"
#include "domain/guest_ops.h"
#include "hypercall/domctl.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lifecycle/create.h"
#include "mm/guest_copy.h"
#include "mm/heap.h"
#include "mm/layout.h"
#include "sched/sched.h"

#define MSR_TSC_AUX 0xc0000103

static void set_online(struct vcpu *v, bool online)
{
    if (online)
        vcpu_clear_flags(v, VCPU_DOWN);
    else
        vcpu_set_flags(v, VCPU_DOWN);
}

int64_t domctl_setvcpucontext(struct domain *d, struct xen_domctl *c)
{
    struct vcpu *v = domctl_vcpu(d, c->u.vcpucontext.vcpu);
    uint64_t from = guest_handle_va(c->u.vcpucontext.ctxt);

    if (!v)
        return -EINVAL;
    if (!from)
        return -EOPNOTSUPP; /* reset of a vCPU: for a soft reset, which PV domains do not have */
    struct vcpu_guest_context *context = heap_alloc(sizeof(*context));
    if (!context)
        return -ENOMEM;
    int64_t error = guest_copy_in(context, from, sizeof(*context));
    if (!error) {
        domain_pause_sync(d);
        error = vcpu_state_set_context(v, context);
        if (!error)
            set_online(v, context->flags & VGCF_online);
        domain_unpause(d);
    }
    heap_free(context);
    return error;
}

int64_t domctl_getvcpucontext(struct domain *d, struct xen_domctl *c)
{
    struct vcpu *v = domctl_vcpu(d, c->u.vcpucontext.vcpu);

    if (!v || v == current)
        return -EINVAL;
    if (!READ_ONCE(v->initialised))
        return -ENODATA;
    struct vcpu_guest_context *context = heap_alloc(sizeof(*context));
    if (!context)
        return -ENOMEM;
    vcpu_pause_sync(v);
    d->ops->get_context(v, context);
    vcpu_unpause(v);
    int64_t error = guest_copy_out(guest_handle_va(c->u.vcpucontext.ctxt), context, sizeof(*context));
    heap_free(context);
    return error;
}

int64_t domctl_getvcpuinfo(struct domain *d, struct xen_domctl *c)
{
    struct xen_domctl_getvcpuinfo *op = &c->u.getvcpuinfo;
    struct vcpu *v = domctl_vcpu(d, op->vcpu);
    vcpu_runstate_info_t runstate;

    if (!v)
        return op->vcpu >= d->max_vcpus ? -EINVAL : -ESRCH;
    sched_runstate_get(v, &runstate);
    op->online = !(READ_ONCE(v->pause_flags) & VCPU_DOWN);
    op->blocked = READ_ONCE(v->pause_flags) & VCPU_BLOCKED ? 1 : 0;
    op->running = READ_ONCE(v->running);
    op->cpu_time = runstate.time[RUNSTATE_running];
    op->cpu = READ_ONCE(v->processor);
    return 0;
}

int64_t domctl_sendtrigger(struct domain *d, struct xen_domctl *c)
{
    struct vcpu *v = domctl_vcpu(d, c->u.sendtrigger.vcpu);

    if (!v)
        return -ESRCH;
    switch (c->u.sendtrigger.trigger) {
    case XEN_DOMCTL_SENDTRIGGER_NMI:
        v->pv.nmi_pending = true;
        sched_kick(v);
        return 0;
    case XEN_DOMCTL_SENDTRIGGER_POWER: /* buttons of an emulated board */
    case XEN_DOMCTL_SENDTRIGGER_SLEEP:
        return -EINVAL;
    default:
        return -ENOSYS;
    }
}

/* --- callbacks of the two ways for 32-bit system calls. Machine checks of a PV domain have no state: vmce is ignored
 * --- */

int64_t domctl_get_ext_vcpucontext(struct domain *d, struct xen_domctl *c)
{
    struct xen_domctl_ext_vcpucontext *op = &c->u.ext_vcpucontext;
    struct vcpu *v = domctl_vcpu(d, op->vcpu);

    if (!v || v == current)
        return -ESRCH;
    vcpu_pause_sync(v);
    *op = (struct xen_domctl_ext_vcpucontext){
        .vcpu = op->vcpu,
        .size = sizeof(*op),
        .syscall32_callback_eip = v->pv.callback[CALLBACKTYPE_syscall32].address,
        .sysenter_callback_eip = v->pv.callback[CALLBACKTYPE_sysenter].address,
        .syscall32_disables_events = v->pv.callback[CALLBACKTYPE_syscall32].masks,
        .sysenter_disables_events = v->pv.callback[CALLBACKTYPE_sysenter].masks,
    };
    vcpu_unpause(v);
    return 0;
}

int64_t domctl_set_ext_vcpucontext(struct domain *d, struct xen_domctl *c)
{
    const struct xen_domctl_ext_vcpucontext *op = &c->u.ext_vcpucontext;
    struct vcpu *v = domctl_vcpu(d, op->vcpu);

    if (!v || d == current->domain)
        return -ESRCH;
    if (op->size < offsetof(struct xen_domctl_ext_vcpucontext, vmce) ||
        !address_is_canonical(op->sysenter_callback_eip) || !address_is_canonical(op->syscall32_callback_eip))
        return -EINVAL;
    vcpu_pause_sync(v);
    v->pv.callback[CALLBACKTYPE_syscall32].address = op->syscall32_callback_eip;
    v->pv.callback[CALLBACKTYPE_sysenter].address = op->sysenter_callback_eip;
    v->pv.callback[CALLBACKTYPE_syscall32].masks = op->syscall32_disables_events;
    v->pv.callback[CALLBACKTYPE_sysenter].masks = op->sysenter_disables_events;
    vcpu_unpause(v);
    return 0;
}

/*
 * --- extended state ---
 *
 * The buffer: XCR0, the components ever switched on, and the save area in the standard format for these. We save all
 * components always, so all count as switched on.
 */

struct extended_state {
    uint64_t xcr0, components;
    struct {
        uint8_t legacy[512];
        uint64_t present, compaction, reserved[6];
    } area; /* and more behind */
};
#define STATE_HEADER offsetof(struct extended_state, area)

static uint64_t state_size_max(void)
{
    return STATE_HEADER + (cpu_features.xsave ? cpu_features.xsave_size : 0);
}

int64_t domctl_getvcpuextstate(struct domain *d, struct xen_domctl *c)
{
    struct xen_domctl_vcpuextstate *op = &c->u.vcpuextstate;
    struct vcpu *v = domctl_vcpu(d, op->vcpu);
    uint64_t to = guest_handle_va(op->buffer), size = state_size_max();

    if (!v)
        return -ESRCH;
    if (v == current)
        return -EINVAL;
    if ((!op->size && !op->xfeature_mask) || !to) {
        op->xfeature_mask = cpu_features.xcr0_max;
        op->size = size;
        return 0;
    }
    if (op->size < size || op->xfeature_mask != cpu_features.xcr0_max)
        return -EINVAL;
    uint64_t header[2] = {v->fpu.xcr0, cpu_features.xcr0_max};
    vcpu_pause_sync(v);
    int64_t error = guest_copy_out(to, header, sizeof(header));
    if (!error)
        error = guest_copy_out(to + STATE_HEADER, v->fpu.area, size - STATE_HEADER);
    vcpu_unpause(v);
    op->size = size;
    return error;
}

static int state_check(const struct extended_state *s, uint64_t size)
{
    if ((s->components & ~cpu_features.xcr0_max) || (s->xcr0 & ~s->components))
        return -EINVAL;
    if (size == STATE_HEADER)
        return s->components ? -EINVAL : 0;
    if (size < sizeof(*s) || !fpu_xcr0_ok(s->xcr0) || (s->area.present & ~s->components))
        return -EINVAL;
    for (unsigned int i = 0; i < ARRAY_SIZE(s->area.reserved); i++)
        if (s->area.reserved[i])
            return -EINVAL;
    return s->area.compaction ? -EOPNOTSUPP : 0;
}

int64_t domctl_setvcpuextstate(struct domain *d, struct xen_domctl *c)
{
    const struct xen_domctl_vcpuextstate *op = &c->u.vcpuextstate;
    struct vcpu *v = domctl_vcpu(d, op->vcpu);

    if (!v)
        return -ESRCH;
    if (v == current || op->size < STATE_HEADER || op->size > state_size_max())
        return -EINVAL;
    struct extended_state *s = heap_alloc(state_size_max() + sizeof(*s));
    if (!s)
        return -ENOMEM;
    int64_t error = guest_copy_in(s, guest_handle_va(op->buffer), op->size);
    if (!error)
        error = state_check(s, op->size);
    if (!error && op->size > STATE_HEADER) {
        vcpu_pause_sync(v);
        memcpy(v->fpu.area, &s->area, state_size_max() - STATE_HEADER);
        v->fpu.xcr0 = s->xcr0;
        vcpu_unpause(v);
    }
    heap_free(s);
    return error;
}

/* --- MSRs that go along with a vCPU: the one that RDTSCP returns --- */

int64_t domctl_get_vcpu_msrs(struct domain *d, struct xen_domctl *c)
{
    struct xen_domctl_vcpu_msrs *op = &c->u.vcpu_msrs;
    struct vcpu *v = domctl_vcpu(d, op->vcpu);
    uint64_t to = guest_handle_va(op->msrs);

    if (!v)
        return -ESRCH;
    if (v == current)
        return -EINVAL;
    struct xen_domctl_vcpu_msr msr = {.index = MSR_TSC_AUX, .value = v->pv.tsc_aux};
    uint32_t room = op->msr_count;
    op->msr_count = !to || msr.value;
    if (!to || !op->msr_count)
        return 0;
    return room ? guest_copy_out(to, &msr, sizeof(msr)) : -ENOBUFS;
}

int64_t domctl_set_vcpu_msrs(struct domain *d, struct xen_domctl *c)
{
    struct xen_domctl_vcpu_msrs *op = &c->u.vcpu_msrs;
    struct vcpu *v = domctl_vcpu(d, op->vcpu);
    struct xen_domctl_vcpu_msr msr;

    if (!v)
        return -ESRCH;
    if (v == current || op->msr_count > 1)
        return -EINVAL;
    if (!op->msr_count)
        return 0;
    op->msr_count = 0; /* in case of an error: how many were set */
    if (guest_copy_in(&msr, guest_handle_va(op->msrs), sizeof(msr)))
        return -EFAULT;
    if (msr.reserved || msr.index != MSR_TSC_AUX || msr.value >> 32 || !cpu_features.rdtscp)
        return -EINVAL;
    vcpu_pause_sync(v);
    v->pv.tsc_aux = (uint32_t)msr.value;
    vcpu_unpause(v);
    op->msr_count = 1;
    return 0;
}
